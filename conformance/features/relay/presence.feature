@relay
Feature: Presence
  Two routes that name each other learn of each other. Nobody else learns anything.

  Background:
    Given a relay under test

  Rule: When a pair of routes becomes mutual, both are told "online"

    @req:relay.presence.online
    Scenario: The second of the two binds
      Given an agent that has bound its route for a controller
      When a controller connects and binds its route for the agent
      Then the agent is told that the controller is online
      And the controller is told that the agent is online

    @req:relay.presence.online
    Scenario: An open route is bound with its peer
      Given an agent that has bound an open route
      And a controller that has bound its route for the agent
      When the agent binds its route for the controller
      Then the agent is told that the controller is online
      And the controller is told that the agent is online

    @req:relay.presence.online
    Scenario: A peer that was gone comes back
      Given an agent and a controller that have bound their routes to each other
      And the controller has left, and the agent was told
      When a controller connects and binds its route for the agent
      Then the agent is told that the controller is online
      And the controller is told that the agent is online

  Rule: A route of a mutual pair that is bound again with the same peer is told "online"

    @req:relay.presence.rebind
    Scenario: Bound again on the same connection
      Given an agent and a controller that have bound their routes to each other
      When the agent binds its route for the controller
      Then the agent is told that the controller is online

    @req:relay.presence.rebind
    Scenario: Bound again on a new connection
      Given an agent and a controller that have bound their routes to each other
      When the agent binds the same route on a second connection
      Then the agent is told that the controller is online

  Rule: When a pair stops being mutual, the route that remains is told "offline"

    @req:relay.presence.offline
    Scenario Outline: The controller <does>
      Given an agent and a controller that have bound their routes to each other
      When the controller <does>
      Then the agent is told that the controller is offline

      Examples:
        | does                                    |
        | loses its connection                    |
        | leaves                                  |
        | sends "unbind" for its route            |
        | binds its route for a stranger          |
        | binds its route as open                 |

    @req:relay.presence.offline
    Scenario: The controller is thrown out for a malformed message
      Given an agent and a controller that have bound their routes to each other
      When the controller sends a text frame that is not JSON
      Then the agent is told that the controller is offline

  Rule: Nothing is told about two routes that are not mutual

    @req:relay.presence.mutual @negative
    Scenario: A stranger that names the agent learns nothing
      Given an agent and a controller that have bound their routes to each other
      And a stranger that has bound its route for the agent
      When the agent loses its connection
      Then the controller is told that the agent is offline
      And the stranger hears nothing

    @req:relay.presence.mutual @negative
    Scenario: An open route is mutual with nobody
      Given an agent that has bound an open route
      When a controller connects and binds its route for the agent
      Then the controller is told "bound" for its route
      And the controller hears nothing
      And the agent hears nothing

    @req:relay.presence.mutual @negative
    Scenario: A route that names itself is not a pair
      Given a client that has connected
      When the client binds its route for itself
      Then the client is told "bound" for its route
      And the client hears nothing

    @req:relay.presence.mutual @negative
    Scenario: The other routes of a connection are told nothing
      Given an agent that has bound its route for a controller
      And a phone that has bound its route for the agent
      When a controller connects and binds its route for the agent
      Then the agent is told that the controller is online
      And the phone hears nothing

  Rule: A "bind" whose peer is not there, or names another, tells nobody anything

    @req:relay.presence.silent @negative
    Scenario: The peer is not bound
      Given a client that has connected
      When the client binds its route for a stranger
      Then the client is told "bound" for its route
      And the client hears nothing

    @req:relay.presence.silent @negative
    Scenario: The peer is bound with another
      Given an agent and a controller that have bound their routes to each other
      When a stranger connects and binds its route for the agent
      Then the stranger is told "bound" for its route
      And the stranger hears nothing
      And the agent hears nothing
      And the controller hears nothing
