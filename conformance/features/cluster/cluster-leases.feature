@relay
Feature: Leases of nodes
  A node that is gone cannot say so. Its lease says it.

  Background:
    Given a node under test

  Rule: A node keeps a lease as long as it serves

    @req:cluster.lease.set
    Scenario: At the first "bound"
      Given the scripted node hears the channel of the agent
      And an agent that has bound its route for a controller
      Then the node has a lease of at most 30 s

    @req:cluster.lease.set @long
    Scenario: It is renewed
      Given the scripted node hears the channel of the agent
      And an agent that has bound its route for a controller
      Then the lease of the node is renewed within 15 s, and again within 15 s

    @req:cluster.lease.clean
    Scenario: A node that stops
      Given the scripted node hears the channel of the agent
      And an agent that has bound its route for a controller
      And the node has a lease of at most 30 s
      When the relay is told to stop
      And the agent leaves
      And the relay has stopped
      Then the node has no lease

  Rule: Who is at a node without a lease is offline

    @req:cluster.lease.check @req:cluster.lease.frames @long @negative
    Scenario: The node of the peer is gone
      Given an agent that has bound its route for a controller
      And the scripted node has bound the route of the controller for the agent, and the agent was told
      When the lease of the scripted node ends
      Then the agent is told within 20 s that the controller is offline
      When the agent sends a frame to the controller
      Then the agent is told that the frame was not delivered
      And the scripted node gets no frame
      When the scripted node binds the route of the controller for the agent
      Then the agent is told that the controller is online
      When the agent sends a frame to the controller
      Then the scripted node gets the very bytes of the frame

    @req:cluster.lease.check @long @negative
    Scenario: The node of the peer lives
      Given an agent that has bound its route for a controller
      And the scripted node has bound the route of the controller for the agent, and the agent was told
      When 25 s pass, in which the scripted node keeps its lease
      Then the agent hears nothing

  Rule: A node whose lease had ended announces its routes again

    @req:cluster.lease.again @long
    Scenario: The lease ends, and the node lives
      Given the scripted node hears the channels of the agent and of the controller
      And an agent that has bound its route for a controller
      And the claim of the agent was heard
      When the lease of the node ends
      Then the node claims the route of the agent within 20 s with the token that it had
      And before that it published that the agent is bound for the controller, and wanted an answer
      And the node has a lease of at most 30 s

  Rule: A node that cannot renew its lease for 30 s lets those go whose peer is not here

    @req:cluster.lease.lost @req:cluster.redis.local @long
    Scenario: Redis is away for longer than a lease
      Given an agent and a controller that have bound their routes to each other
      And a phone that has bound its route for a stranger
      When Redis is away from the node
      Then the relay closes the connection of the phone with 1001 within 50 s
      And the agent stays open
      When the agent sends a frame to the controller
      Then the controller gets the very bytes
