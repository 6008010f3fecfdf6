@relay
Feature: A network that loses everything
  Nothing comes back from Redis: no answer, and no word that a connection has ended or that none can be made. For this
  Redis is in a network namespace, where the machine allows one.

  Rule: A node that Redis does not reach says what it cannot do, and finds back by itself

    @req:cluster.redis.offline @req:cluster.redis.frames @req:cluster.redis.back @long
    Scenario: Two nodes are cut off from Redis, and reach it again
      Given a Redis in a network of its own
      And two nodes under test
      And an agent and a controller at two nodes that have bound their routes to each other
      When the network of Redis loses everything
      Then the agent is told within 30 s that the controller is offline
      And the controller is told within 30 s that the agent is offline
      When the agent sends a frame to the controller
      Then the agent is told that the frame was not delivered
      When the network of Redis is whole again
      Then the agent is told within 60 s that the controller is online
      And the controller is told within 60 s that the agent is online
      And the agent has sent 10 frames to the controller, which got them
      And the controller has sent 10 frames to the agent, which got them

    @req:cluster.redis.local @req:cluster.redis.back @long
    Scenario: Clients come while the network is cut
      Given a Redis in a network of its own
      And a node under test
      And a phone that has bound an open route
      And an agent that has connected
      When the network of Redis loses everything
      And the agent binds its route for the controller
      Then the agent is told within 15 s "bound" for its route
      When the network of Redis is whole again
      Then the node is subscribed to the channel of the agent within 60 s
