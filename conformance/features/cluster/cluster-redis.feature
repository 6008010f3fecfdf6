@relay
Feature: A node without Redis
  Redis is restarted, paused or cut off. What a node can do by itself goes on, and what it cannot do is said.

  Background:
    Given a node under test

  Rule: Without Redis a node goes on with what is bound here

    @req:cluster.redis.local
    Scenario: Clients come while Redis is away
      Given an agent that has bound its route for a controller
      When Redis is away from the node
      And a controller connects and binds its route for the agent
      Then the controller is told "bound" for its route
      And the controller is told that the agent is online
      When the agent sends a frame to the controller
      Then the controller gets the very bytes

    @req:cluster.redis.local
    Scenario: Redis was never there
      Given Redis is away from the node
      And an agent and a controller that have bound their routes to each other
      When the agent sends a frame to the controller
      Then the controller gets the very bytes

    @req:cluster.redis.local @long
    Scenario: A bind that waits for Redis when it stops answering
      Given a phone that has bound an open route
      And the node is subscribed to the channel of the phone within 20 s
      And an agent that has connected
      And nothing comes through between the node and Redis
      When the agent binds its route for the controller
      Then the agent is told within 15 s "bound" for its route

  Rule: Peers at other nodes are offline, and frames for them are not delivered

    @req:cluster.redis.offline @req:cluster.redis.frames @negative
    Scenario: Redis goes away
      Given an agent that has bound its route for a controller
      And the scripted node has bound the route of the controller for the agent, and the agent was told
      When Redis is away from the node
      Then the agent is told that the controller is offline
      When the agent sends a frame to the controller
      Then the agent is told that the frame was not delivered

    @req:cluster.redis.offline @long
    Scenario: Redis stops answering
      Given an agent that has bound its route for a controller
      And the scripted node has bound the route of the controller for the agent, and the agent was told
      When nothing comes through between the node and Redis
      Then the agent is told within 30 s that the controller is offline

    @req:cluster.redis.frames @negative
    Scenario: What was sent without Redis is not sent later
      Given the scripted node hears the channel of the agent
      And an agent that has bound its route for a controller
      And the claim of the agent was heard
      And the scripted node has bound the route of the controller for the agent, and the agent was told
      When Redis is away from the node
      Then the agent is told that the controller is offline
      When the agent sends a frame to the controller
      And the node reaches Redis again
      Then the node claims the route of the agent
      And the scripted node gets no frame

  Rule: When Redis is back, so are the routes

    @req:cluster.redis.back
    Scenario: The same Redis
      Given the scripted node hears the channels of the agent and of the controller
      And an agent that has bound its route for a controller
      And the claim of the agent was heard
      When Redis is away from the node
      And the node reaches Redis again
      Then the node claims the route of the agent within 20 s with the token that it had
      And before that it published that the agent is bound for the controller, and wanted an answer
      And the node has a lease of at most 30 s
      When the scripted node publishes a frame from the controller to the agent
      Then the agent gets the very bytes

    @req:cluster.redis.back
    Scenario: Redis was killed, and starts with nothing
      Given an agent that has bound its route for a controller
      When Redis is killed and started again
      Then the node is subscribed to the channel of the agent within 20 s

  Rule: Of two that bound a route while Redis was away, the later one keeps it

    @req:cluster.redis.late @negative
    Scenario: The route was bound elsewhere after it was bound here
      Given Redis is away from the node
      And an agent that has bound its route for a controller
      When a second has passed
      And the scripted node binds the route of the agent for the controller
      And the node reaches Redis again
      Then the agent is told the error "superseded" for its route
      And the relay closes the connection of the agent with 4409

    @req:cluster.redis.late
    Scenario: The route was bound elsewhere before it was bound here
      Given Redis is away from the node
      And the scripted node binds the route of the agent for the controller
      And a second has passed
      And an agent that has bound its route for a controller
      When the node reaches Redis again
      Then the node claims the route of the agent with a newer token than the scripted node has
      And the agent stays open
