@relay
Feature: Two nodes
  Two real nodes, and clients that cannot tell at which of them they are.

  Background:
    Given two nodes under test

  Rule: A pair lives across two nodes as it does at one

    @req:cluster.frame.publish @req:cluster.frame.deliver @req:cluster.frame.order @req:relay.frame.verbatim
    Scenario: Frames both ways
      Given an agent and a controller at two nodes that have bound their routes to each other
      When the agent and the controller send each other 300 numbered frames
      Then the controller gets them all, once each, in their order
      And the agent gets them all, once each, in their order

    @req:cluster.presence.end @req:cluster.presence.offline
    Scenario: One of them leaves
      Given an agent and a controller at two nodes that have bound their routes to each other
      When the controller leaves
      Then the agent is told that the controller is offline

    @req:cluster.claim.newer @req:cluster.presence.moved @req:relay.bind.supersede.close
    Scenario: One of them moves to the node of the other
      Given an agent and a controller at two nodes that have bound their routes to each other
      When the controller connects at the node of the agent, and binds its route for the agent
      Then the controller's first connection is told the error "superseded" for its route
      And the controller is told that the agent is online
      And the agent hears nothing
      When the agent sends a frame to the controller
      Then the controller gets the very bytes

    @req:cluster.lease.check @long
    Scenario: The node of one of them is killed
      Given an agent and a controller at two nodes that have bound their routes to each other
      When the node of the controller is killed
      Then the agent is told within 60 s that the controller is offline
      When the controller connects at the node of the agent, and binds its route for the agent
      Then the controller is told that the agent is online
      And the agent is told that the controller is online

    @req:cluster.lease.clean @req:cluster.presence.offline @req:relay.drain
    Scenario: The node of one of them stops
      Given an agent and a controller at two nodes that have bound their routes to each other
      When the node of the controller is told to stop
      And the controller leaves
      Then the agent is told that the controller is offline

    @req:cluster.frame.deliver @req:relay.open.count
    Scenario: An open route at one node, its first frames from the other
      Given an agent at the first node that has bound an open route
      And a controller at the second node that has bound its route for the agent
      When the controller sends 21 frames to the agent
      Then the agent gets exactly 20 frames
      And the controller is told that the frame to the agent was not delivered
