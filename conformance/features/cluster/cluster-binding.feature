@relay
Feature: Routes of a cluster
  A route is bound at one node of all, the one at which it was bound last. The scripted node is another node of the
  same cluster: it hears the channels of the routes that a step names, and says on them what a step tells it.

  Background:
    Given a node under test

  Rule: A node is subscribed to the channel of a route before it sends "bound"

    @req:cluster.bind.subscribed
    Scenario: Subscribed at the moment of "bound"
      Given an agent that has bound its route for a controller
      Then the node is subscribed to the channel of the agent

    @req:cluster.bind.subscribed @req:cluster.bind.claim
    Scenario: No "bound" while Redis does not answer
      Given a phone that has bound an open route
      And the node is subscribed to the channel of the phone within 20 s
      And an agent that has connected
      And nothing comes through between the node and Redis
      When the agent binds its route for the controller
      And a second has passed
      Then the agent has been told nothing
      When everything comes through between the node and Redis again
      Then the agent is told "bound" for its route
      And the node is subscribed to the channel of the agent

  Rule: The token of a route is larger than the stored one and not below the time of Redis

    @req:cluster.bind.token @req:cluster.bind.claim
    Scenario: A route that nobody has bound before
      Given the scripted node hears the channel of the agent
      And it is remembered what the time of Redis is
      And an agent that has bound its route for a controller
      Then the node claims the route of the agent with a token between that time and now
      And that token is stored for the route of the agent

    @req:cluster.bind.token
    Scenario: A route whose stored token is ahead of the time
      Given the scripted node hears the channel of the agent
      And a token an hour ahead of the time of Redis is stored for the route of the agent
      And an agent that has bound its route for a controller
      Then the node claims the route of the agent with the token that follows that one
      And that token is stored for the route of the agent

    @req:cluster.bind.token
    Scenario: Bound again
      Given the scripted node hears the channel of the agent
      And an agent that has bound its route for a controller
      When the agent binds its route for the controller
      Then the tokens of two claims of the route of the agent rise

  Rule: The claim is published before "bound", and presence before the claim

    @req:cluster.bind.presence @req:cluster.bind.claim @req:cluster.presence.end
    Scenario: What the others hear of a bind
      Given the scripted node hears the channels of the agent and of the controller
      And an agent that has bound its route for a controller
      Then the scripted node has heard, in this order:
        | channel    | envelope | route | peer       | online | wantAnswer |
        | controller | presence | agent | controller | 1      | 1          |
        | agent      | claim    |       |            |        |            |
      And both name the same node

    @req:cluster.bind.presence @negative
    Scenario: An open route has nobody to tell
      Given the scripted node hears the channels of the agent and of the controller
      And an agent that has bound an open route
      Then the scripted node has heard, in this order:
        | channel | envelope | route | peer | online | wantAnswer |
        | agent   | claim    |       |      |        |            |

  Rule: A node chooses its nodeId at random

    @req:cluster.node.id
    Scenario: Two nodes
      Given two nodes under test
      And the scripted node hears the channels of the agent and of the phone
      And an agent that has bound an open route
      And a phone that has bound an open route
      Then the claims of the agent and of the phone name two nodes

  Rule: A claim with a larger token supersedes the connection

    @req:cluster.claim.newer @req:relay.bind.supersede @req:relay.bind.supersede.close
    Scenario: The route is bound at another node
      Given an agent that has bound its route for a controller
      When the scripted node binds the route of the agent for the controller
      Then the agent is told the error "superseded" for its route
      And the relay closes the connection of the agent with 4409

    @req:cluster.claim.newer @req:relay.bind.supersede.close
    Scenario: The connection has another route
      Given an agent that has bound its route for a controller
      And the agent has bound its second route for the phone
      When the scripted node binds the route of the agent for the controller
      Then the agent is told the error "superseded" for its route
      And the agent stays open
      And the node is subscribed to the channel of the agent's second route

    @req:cluster.claim.older @negative
    Scenario: An older claim is answered with the newer one, and changes nothing
      Given the scripted node hears the channel of the agent
      And an agent that has bound its route for a controller
      When the scripted node claims the route of the agent with a token from before
      Then the node claims the route of the agent twice with the same token
      And the agent hears nothing

  Rule: A node does not stay subscribed to the channel of a route that is not bound there

    @req:cluster.unbind.unsubscribed @negative
    Scenario Outline: The agent <does>
      Given an agent that has bound its route for a controller
      When the agent <does>
      Then the node is not subscribed to the channel of the agent any more

      Examples:
        | does                         |
        | sends "unbind" for its route |
        | leaves                       |
        | loses its connection         |

    @req:cluster.unbind.unsubscribed @negative
    Scenario: The route moves to another node
      Given an agent that has bound its route for a controller
      When the scripted node claims the route of the agent with a newer token
      Then the node is not subscribed to the channel of the agent any more

  Rule: Nothing stays in Redis for longer than 30 s

    @req:cluster.storage.expiry @req:relay.storage.none @negative
    Scenario: What is in Redis after all that clients can do
      Given the scripted node binds the route of the phone for the agent
      And an agent that has bound its route for a phone
      And a controller that has bound an open route
      When the agent sends 20 frames to the phone
      And the agent sends a frame to a route that nobody has bound
      And the agent sends a frame to the controller
      And the controller leaves
      Then every key in Redis begins with "hrc1:" and expires within 30 s

  Rule: What is no envelope of its channel is ignored

    @req:cluster.envelope.malformed @negative
    Scenario: Messages that are no envelopes
      Given an agent and a controller that have bound their routes to each other
      And the scripted node hears the channels of the agent and of the controller
      When the scripted node publishes on the channel of the agent what is no envelope
      Then the agent hears nothing
      And the node publishes nothing
      When the controller sends a frame to the agent
      Then the agent gets the very bytes

    @req:cluster.envelope.channel @negative
    Scenario: Envelopes on another channel than theirs
      Given an agent and a controller that have bound their routes to each other
      And the scripted node hears the channels of the agent and of the controller
      When the scripted node publishes on the channel of the agent what belongs on that of the controller
      Then the agent hears nothing
      And the controller hears nothing
      And the node publishes nothing
