@relay
Feature: Open routes
  An open route exists for one pairing. Anyone may send to it, so it takes little.

  Background:
    Given a relay under test

  Rule: At most 20 frames are forwarded to an open route; the others are answered as not delivered

    @req:relay.open.count
    Scenario: Twenty frames pass, the next does not
      Given an agent that has bound an open route
      And a controller that has bound its route for the agent
      When the controller sends 25 frames to the agent
      Then the agent gets exactly 20 frames

    @req:relay.open.count
    Scenario: All senders share the twenty
      Given an agent that has bound an open route
      And a controller that has bound its route for the agent
      And a stranger that has bound its route for the agent
      When the controller sends 15 frames to the agent
      And the stranger sends 15 frames to the agent
      Then the agent gets exactly 20 frames

    @req:relay.open.exceeded
    Scenario: The sender of the 21st frame is told
      Given an agent that has bound an open route
      And a controller that has bound its route for the agent
      And the controller has sent 20 frames to the agent, which got them
      When the controller sends a frame to the agent
      Then the controller is told that the frame was not delivered
      And the agent hears nothing

  Rule: A frame of more than 2,048 bytes to an open route is dropped, answered, and not counted

    @req:relay.open.size
    Scenario: A frame of 2,048 bytes passes
      Given an agent that has bound an open route
      And a controller that has bound its route for the agent
      When the controller sends a frame of 2048 bytes to the agent
      Then the agent gets the very bytes

    @req:relay.open.size
    Scenario: A frame of 2,049 bytes does not pass
      Given an agent that has bound an open route
      And a controller that has bound its route for the agent
      When the controller sends a frame of 2049 bytes to the agent
      Then the controller is told that the frame was not delivered
      And the agent hears nothing

    @req:relay.open.size
    Scenario: A frame that was too large is not counted
      Given an agent that has bound an open route
      And a controller that has bound its route for the agent
      When the controller sends 5 frames of 2049 bytes to the agent
      And the controller sends 25 frames to the agent
      Then the agent gets exactly 20 frames

    @req:relay.open.size
    Scenario: A route with a peer takes frames of any size
      Given an agent and a controller that have bound their routes to each other
      When the controller sends a frame of 2049 bytes to the agent
      Then the agent gets the very bytes

  Rule: The count is kept until the route is bound with a peer, across binds of the same key and after its connection was lost

    @req:relay.open.memory
    Scenario: Binding the open route again does not begin a new count
      Given an agent that has bound an open route
      And a controller that has bound its route for the agent
      And the controller has sent 20 frames to the agent, which got them
      When the agent binds its route as open
      Then the agent is told "bound" for its route
      And a frame from the controller to the agent is not delivered

    @req:relay.open.memory
    Scenario: Giving the open route up and binding it again does not begin a new count
      Given an agent that has bound an open route
      And a controller that has bound its route for the agent
      And the controller has sent 20 frames to the agent, which got them
      When the agent sends "unbind" for its route
      And the agent binds its route as open
      Then the agent is told "bound" for its route
      And a frame from the controller to the agent is not delivered

    @req:relay.open.memory
    Scenario: A new connection does not begin a new count
      Given an agent that has bound an open route
      And a controller that has bound its route for the agent
      And the controller has sent 20 frames to the agent, which got them
      When the agent loses its connection, and the relay notices
      And the agent connects again and binds its route as open
      Then the agent is told "bound" for its route
      And a frame from the controller to the agent is not delivered

    @req:relay.open.memory @informational
    Scenario: What becomes of the count after its time
      Given a relay under test that remembers open routes for 1 s
      And an agent that has bound an open route
      And a controller that has bound its route for the agent
      And the controller has sent 20 frames to the agent, which got them
      When the agent loses its connection for 2 s
      And the agent connects again and binds its route as open
      Then it is recorded whether a frame from the controller to the agent is delivered
