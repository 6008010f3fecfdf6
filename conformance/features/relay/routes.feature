@relay
Feature: Routes that move and routes that end
  One route is on one connection. The newest bind wins.

  Background:
    Given a relay under test

  Rule: A route that is bound on another connection moves there, and the old connection is told "superseded"

    @req:relay.bind.supersede
    Scenario: The old connection is told which route it has lost
      Given an agent that has bound its route for a controller
      When the agent binds the same route on a second connection
      Then the agent's first connection is told the error "superseded" for its route
      And the agent is told "bound" for its route

    @req:relay.bind.supersede
    Scenario: Frames go to the new connection
      Given an agent and a controller that have bound their routes to each other
      And the agent has bound its second route for a phone
      When the agent binds the same route on a second connection
      Then the agent is told "bound" for its route
      And a frame from the controller to the agent is delivered
      And the agent's first connection is told the error "superseded" for its route
      And the agent's first connection hears nothing

    @req:relay.bind.supersede @req:relay.frame.from
    Scenario: The old connection can no longer send from the route
      Given an agent and a controller that have bound their routes to each other
      And the agent has bound its second route for a phone
      And the agent has bound the same route on a second connection
      When the agent's first connection sends a frame to the controller
      Then the agent's first connection is told that the frame was not delivered
      And the controller hears nothing

  Rule: An old connection without any route left is closed with 4409

    @req:relay.bind.supersede.close
    Scenario: The only route of a connection moves away
      Given an agent that has bound its route for a controller
      When the agent binds the same route on a second connection
      Then the relay closes the agent's first connection with 4409 "superseded"

    @req:relay.bind.supersede.close
    Scenario: A connection that keeps another route stays open
      Given an agent that has bound its route for a controller
      And a phone that has bound its route for the agent's second route
      And the agent has bound its second route for the phone
      When the agent binds the same route on a second connection
      Then the agent's first connection is told the error "superseded" for its route
      And the agent's first connection stays open
      And a frame from the phone to the agent's second route is delivered on the first connection

  Rule: After an "unbind" a route is not bound

    @req:relay.unbind
    Scenario: Frames to a route that was given up are not delivered
      Given an agent and a controller that have bound their routes to each other
      When the agent sends "unbind" for its route
      Then a frame from the controller to the agent is not delivered

    @req:relay.unbind
    Scenario: Frames from a route that was given up are not delivered
      Given an agent and a controller that have bound their routes to each other
      When the agent sends "unbind" for its route
      Then a frame from the agent to the controller is not delivered

    @req:relay.unbind
    Scenario: A connection without a route can bind again
      Given an agent that has bound its route for a controller
      When the agent sends "unbind" for its route
      And the agent binds its route for the controller
      Then the agent is told "bound" for its route

    @req:relay.unbind
    Scenario: The other routes of the connection stay bound
      Given an agent and a controller that have bound their routes to each other
      And the agent has bound its second route for a phone
      When the agent sends "unbind" for its second route
      Then frames pass between the agent and the controller

  Rule: An "unbind" of a route that is not bound on the connection is ignored

    @req:relay.unbind.unknown
    Scenario: A client gives up a route that it never had
      Given an agent and a controller that have bound their routes to each other
      When the agent sends "unbind" for its second route
      Then the agent hears nothing
      And frames pass between the agent and the controller

    @req:relay.unbind.unknown
    Scenario: A stranger cannot give up the route of somebody else
      Given an agent and a controller that have bound their routes to each other
      And a stranger that has bound an open route
      When the stranger sends "unbind" for the route of the agent
      Then the stranger hears nothing
      And the controller hears nothing
      And frames pass between the agent and the controller
