@relay
Feature: A slow Redis
  Redis is far away, or has too much to do: each answer takes most of a second. That is no reason to take it for lost.

  Rule: Frames between nodes come late, and nothing else is wrong with them

    @req:cluster.frame.publish @req:cluster.frame.deliver @req:cluster.frame.order
    Scenario: Frames both ways
      Given two nodes under test
      And everything between a node and Redis takes 300 ms, in each direction
      And an agent and a controller at two nodes that have bound their routes to each other
      When the agent and the controller send each other 300 numbered frames
      Then the controller gets them all, once each, in their order
      And the agent gets them all, once each, in their order

    @req:cluster.frame.order
    Scenario: Redis becomes slow, and fast again, while frames are on their way
      Given two nodes under test
      And an agent and a controller at two nodes that have bound their routes to each other
      And everything between a node and Redis takes 400 ms, in each direction
      When the agent and the controller send each other 100 numbered frames
      And everything between a node and Redis takes 0 ms, in each direction
      Then the controller gets them all, once each, in their order
      And the agent gets them all, once each, in their order

  Rule: A route is bound when Redis has answered, and moves when it is claimed

    @req:cluster.bind.claim
    Scenario: A bind
      Given a node under test
      And everything between a node and Redis takes 300 ms, in each direction
      And the scripted node hears the channel of the agent
      And an agent that has bound its route for a controller
      Then the claim of the agent was heard

    @req:cluster.claim.newer @req:cluster.presence.moved @req:relay.bind.supersede.close @long
    Scenario: A route moves to the node of its peer
      Given two nodes under test
      And everything between a node and Redis takes 300 ms, in each direction
      And an agent and a controller at two nodes that have bound their routes to each other
      When the controller connects at the node of the agent, and binds its route for the agent
      Then the controller's first connection is told the error "superseded" for its route
      And the controller is told that the agent is online
      And the agent hears nothing

  Rule: What is bound at one node does not wait for Redis

    @req:cluster.redis.local @req:cluster.frame.local
    Scenario: A pair at one node
      Given a node under test
      And an agent and a controller that have bound their routes to each other
      And everything between a node and Redis takes 4000 ms, in each direction
      When the agent sends a frame to the controller
      Then the controller gets the very bytes
