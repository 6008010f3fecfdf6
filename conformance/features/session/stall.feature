@agent @controller
Feature: A peer that does not acknowledge
  It may have lost its session, or its network in a way that nobody noticed.

  Rule: After 10 s without an acknowledgement and without any frame the peer counts as away

    @req:session.window.stall @negative
    Scenario: Nothing but "hello" goes to a peer that is away
      Given a running session
      When the peer stops acknowledging, is sent a message, and is silent for 12 s
      And the program has something more to say
      Then the program does not say it
      And as soon as the peer is heard again, the program says it

    @req:session.window.stall
    Scenario: A peer that is heard is not away, whatever it acknowledges
      Given a running session
      When the peer stops acknowledging, is sent a message, and sends one itself every second for 12 s
      And the program has something more to say
      Then the program says it

    @req:session.window.stall
    Scenario: For a lone "ack" the peer owes nothing
      Given a running session
      When the peer sends a message that asks for nothing, and is silent for 12 s
      And the program has something more to say
      Then the program says it
