@relay
Feature: Not delivered
  A sender learns that a frame found nobody, and nothing else.

  Background:
    Given a relay under test

  Rule: A dropped frame is answered with its from, its to and the reason "offline"

    @req:relay.failed.answer
    Scenario: The answer names both routes of the frame
      Given an agent that has bound its route for a controller
      When the agent sends a frame to the controller
      Then the agent is told "delivery-failed" from its route to the route of the controller, because "offline"

    @req:relay.failed.answer
    Scenario: The answer comes on the connection that sent the frame
      Given an agent that has bound its route for a controller
      And a stranger that has bound an open route
      When the stranger sends a frame to a route that nobody has bound
      Then the stranger is told that the frame was not delivered
      And the agent hears nothing

  Rule: A sender cannot tell by the answer why its frame was dropped

    @req:relay.failed.uniform @negative
    Scenario: Unknown, gone, bound to another and exceeded all look the same
      Given an agent that has bound its route for a controller
      When the agent sends a frame to each of these recipients
        | recipient                                  |
        | a route that nobody has ever bound         |
        | a route whose client has gone              |
        | a route that was given up                  |
        | a route that is bound with another peer    |
        | an open route that has had its 20 frames   |
      Then the answers differ in nothing but the recipient

    @req:relay.failed.uniform @req:relay.frame.from @negative
    Scenario: A route of somebody else and a route of nobody look the same as senders
      Given an agent and a controller that have bound their routes to each other
      And a stranger that has bound an open route
      When the stranger sends a frame to the agent in the name of the controller
      And the stranger sends a frame to the agent from its second route
      Then the stranger gets two answers that differ in nothing but the sender

  Rule: At most one "delivery-failed" a second is sent for one pair of routes

    @req:relay.failed.rate @negative
    Scenario: A burst of lost frames is answered once
      Given an agent that has bound its route for a controller
      When the agent sends 50 frames to the controller
      Then the agent is told once that they were not delivered

    @req:relay.failed.rate @negative
    Scenario: A steady flow of lost frames is answered once a second at most
      Given an agent that has bound its route for a controller
      When the agent sends a frame to the controller every 100 ms for 4 s
      Then the agent is told that they were not delivered, with a second or more between two answers

    @req:relay.failed.rate @req:relay.failed.answer @negative
    Scenario: Each pair of routes has its own second
      Given an agent that has bound its route for a controller
      When the agent sends a frame to the controller
      And the agent sends a frame to a phone
      Then the agent is told that the frame to the controller was not delivered
      And the agent is told that the frame to the phone was not delivered
