@relay
Feature: Frames between nodes
  A frame for a route that is bound at another node goes through the channel of that route.

  Background:
    Given a node under test

  Rule: A frame for a route that is not bound here is published as it is on the channel of its recipient

    @req:cluster.frame.publish
    Scenario: A frame for a route at another node
      Given the scripted node binds the route of the controller for the agent
      And an agent that has bound its route for a controller
      When the agent sends a frame to the controller
      Then the scripted node gets the very bytes of the frame

    @req:cluster.frame.publish @req:cluster.frame.order
    Scenario: Many frames keep their order
      Given the scripted node binds the route of the controller for the agent
      And an agent that has bound its route for a controller
      When the agent sends 300 numbered frames of different sizes to the controller
      Then the scripted node gets all frames of the agent, once each and in their order

    @req:cluster.frame.publish
    Scenario: A frame as large as maxFrame
      Given the scripted node binds the route of the controller for the agent
      And an agent that has bound its route for a controller
      When the agent sends a frame as large as maxFrame to the controller
      Then the scripted node gets the very bytes of the frame

    @req:cluster.frame.local @negative
    Scenario: Two routes at one node
      Given an agent and a controller that have bound their routes to each other
      And the scripted node hears the channels of the agent and of the controller
      When the agent sends a frame to the controller
      Then the controller gets the very bytes
      And the node publishes nothing

    @req:cluster.frame.local @req:cluster.frame.deliver @negative
    Scenario: A route at this node that takes nothing from the sender
      Given an agent that has bound its route for a controller
      And a phone that has bound its route for an agent
      And the scripted node hears the channels of the agent and of the phone
      When the phone sends a frame to the agent
      Then the phone is told that the frame was not delivered
      And the node publishes nothing

  Rule: A frame from a channel is judged as if a connection of this node had sent it

    @req:cluster.frame.deliver @req:cluster.frame.order
    Scenario: Frames for a route at this node
      Given the scripted node binds the route of the controller for the agent
      And an agent that has bound its route for a controller
      When the scripted node publishes 300 numbered frames from the controller to the agent
      Then the agent gets them all, once each, in their order

    @req:cluster.frame.deliver @req:cluster.nack.send @negative
    Scenario: A frame from a route that is not the peer
      Given an agent that has bound its route for a controller
      And the scripted node hears the channel of the stranger
      When the scripted node publishes a frame from the stranger to the agent
      Then the node publishes a nack for the stranger and the agent
      And the agent hears nothing

    @req:cluster.frame.deliver @req:cluster.nack.send @req:relay.open.count @negative
    Scenario: More than 20 frames for an open route
      Given an agent that has bound an open route
      And the scripted node hears the channel of the controller
      When the scripted node publishes 21 numbered frames from the controller to the agent
      Then the agent gets exactly 20 frames
      And the node publishes a nack for the controller and the agent

    @req:cluster.frame.deliver @req:relay.open.size @negative
    Scenario: A frame that is too large for an open route
      Given an agent that has bound an open route
      And the scripted node hears the channel of the controller
      When the scripted node publishes a frame of 2049 bytes from the controller to the agent
      Then the node publishes a nack for the controller and the agent
      And the agent hears nothing

    @req:cluster.nack.send @req:relay.slow @negative
    Scenario: A client that does not read
      Given the scripted node binds the route of the controller for the agent
      And an agent that has bound its route for a controller
      When the agent stops reading, and the scripted node publishes 48 MiB from the controller to it
      Then the node publishes a nack for the controller and the agent
      And the agent, when it reads again, gets some of the frames, once each, in their order

    @req:cluster.nack.send @negative
    Scenario: Many frames that are not delivered
      Given an agent that has bound its route for a controller
      And the scripted node hears the channel of the stranger
      When the scripted node publishes 200 numbered frames from the stranger to the agent
      Then the node publishes nacks for the stranger and the agent, with a second or more between two

  Rule: What was not delivered is answered, whoever finds out

    @req:cluster.frame.nobody @req:relay.failed.answer @negative
    Scenario: Redis counts nobody
      Given an agent that has bound its route for a controller
      When the agent sends a frame to the controller
      Then the agent is told that the frame was not delivered

    @req:cluster.nack.answer @req:relay.failed.uniform @negative
    Scenario: Another node says that it was not delivered
      Given the scripted node binds the route of the controller for the agent
      And an agent that has bound its route for a controller
      When the scripted node publishes a nack for the agent and the controller
      Then the agent is told "delivery-failed" from its route to the route of the controller, because "offline"

    @req:cluster.nack.answer @req:relay.failed.rate @negative
    Scenario: Many nacks
      Given the scripted node binds the route of the controller for the agent
      And an agent that has bound its route for a controller
      When the scripted node publishes 50 nacks for the agent and the controller
      Then the agent is told once that they were not delivered

    @req:cluster.frame.slow @negative
    Scenario: Redis takes nothing for a while
      Given the scripted node binds the route of the controller for the agent
      And an agent that has bound its route for a controller
      And nothing comes through between the node and Redis
      When the agent sends 48 MiB in numbered frames to the controller, and the node has taken them
      And everything comes through between the node and Redis again
      Then the scripted node gets some of the frames of the agent to the controller, once each and in their order
      And the agent is told that the frame was not delivered

    @req:cluster.frame.unanswered @long @negative
    Scenario: Redis does not answer
      Given the scripted node binds the route of the controller for the agent
      And an agent that has bound its route for a controller
      And nothing comes through between the node and Redis
      When the agent sends a frame to the controller
      Then the agent is told within 15 s that a frame was not delivered
