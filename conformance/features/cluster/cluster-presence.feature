@relay
Feature: Presence between nodes
  Two routes that name each other learn of each other, wherever they are bound.

  Background:
    Given a node under test

  Rule: Presence about the peer is passed on, and answered where it asks

    @req:cluster.presence.online @req:cluster.presence.answer
    Scenario: The peer is bound elsewhere, after the route here
      Given an agent that has bound its route for a controller
      When the scripted node binds the route of the controller for the agent
      Then the agent is told that the controller is online
      And the node answers that the agent is bound for the controller

    @req:cluster.presence.online @req:cluster.bind.presence
    Scenario: The peer is bound elsewhere, before the route here
      Given the scripted node binds the route of the controller for the agent
      And an agent that has bound its route for a controller
      When the scripted node answers the presence of the agent
      Then the agent is told that the controller is online

    @req:cluster.presence.answer @negative
    Scenario: An answer is not answered
      Given the scripted node binds the route of the controller for the agent
      And an agent that has bound its route for a controller
      When the scripted node answers the presence of the agent
      Then the agent is told that the controller is online
      And the node publishes nothing more

    @req:cluster.presence.online @negative
    Scenario: What was told is not told again
      Given an agent that has bound its route for a controller
      And the scripted node has bound the route of the controller for the agent, and the agent was told
      When the scripted node publishes once more that the controller is online
      Then the agent hears nothing

    @req:cluster.presence.online @req:relay.presence.rebind
    Scenario: Bound again
      Given an agent that has bound its route for a controller
      And the scripted node has bound the route of the controller for the agent, and the agent was told
      When the agent binds its route for the controller
      And the scripted node answers the presence of the agent
      Then the agent is told that the controller is online

  Rule: Nobody learns anything of a route that has not named it

    @req:cluster.presence.stranger @req:relay.presence.mutual @negative
    Scenario: A stranger asks
      Given an agent that has bound its route for a controller
      And the scripted node hears the channel of the stranger
      When the scripted node publishes presence of the stranger for the agent, and wants an answer
      Then the agent hears nothing
      And the node publishes nothing

    @req:cluster.presence.stranger @negative
    Scenario: A stranger asks an open route
      Given an agent that has bound an open route
      And the scripted node hears the channel of the stranger
      When the scripted node publishes presence of the stranger for the agent, and wants an answer
      Then the agent hears nothing
      And the node publishes nothing

  Rule: When a route ends, its peer is told

    @req:cluster.presence.end
    Scenario Outline: The agent <does>
      Given an agent that has bound its route for a controller
      And the scripted node has bound the route of the controller for the agent, and the agent was told
      When the agent <does>
      Then the node publishes that the agent is not bound for the controller any more

      Examples:
        | does                           |
        | sends "unbind" for its route   |
        | leaves                         |
        | loses its connection           |
        | binds its route for a stranger |
        | binds its route as open        |

    @req:cluster.presence.end
    Scenario: The agent's route is bound elsewhere
      Given an agent that has bound its route for a controller
      And the scripted node has bound the route of the controller for the agent, and the agent was told
      When the other scripted node binds the route of the agent for the stranger
      Then the node publishes that the agent is not bound for the controller any more

    @req:cluster.presence.offline
    Scenario: The peer ends elsewhere
      Given an agent that has bound its route for a controller
      And the scripted node has bound the route of the controller for the agent, and the agent was told
      When the scripted node publishes that the controller is not bound for the agent any more
      Then the agent is told that the controller is offline

    @req:cluster.presence.old @negative
    Scenario: The peer has moved to a third node, and the second says that it is gone
      Given an agent that has bound its route for a controller
      And the scripted node has bound the route of the controller for the agent, and the agent was told
      When the other scripted node binds the route of the controller for the agent
      And the scripted node publishes that the controller is not bound for the agent any more
      Then the agent hears nothing
      When the other scripted node publishes that the controller is not bound for the agent any more
      Then the agent is told that the controller is offline

  Rule: A route that moves from node to node with the same peer leaves the pair mutual

    @req:cluster.presence.moved @negative
    Scenario: The peer moves from this node to another
      Given an agent and a controller that have bound their routes to each other
      When the scripted node binds the route of the controller for the agent
      Then the controller is told the error "superseded" for its route
      And the agent hears nothing
      When the agent sends a frame to the controller
      Then the scripted node gets the very bytes of the frame
      When the scripted node publishes that the controller is not bound for the agent any more
      Then the agent is told that the controller is offline

    @req:cluster.presence.moved @req:cluster.presence.old @negative
    Scenario: The peer moves from another node to this one
      Given an agent that has bound its route for a controller
      And the scripted node has bound the route of the controller for the agent, and the agent was told
      When a controller connects and binds its route for the agent
      Then the controller is told that the agent is online
      When the scripted node publishes that the controller is not bound for the agent any more
      Then the agent hears nothing
      When the controller sends a frame to the agent
      Then the agent gets the very bytes

    @req:cluster.presence.offline
    Scenario: The peer moves to another node, where it names somebody else
      Given an agent and a controller that have bound their routes to each other
      When the scripted node binds the route of the controller for the stranger
      Then the agent is told that the controller is offline
