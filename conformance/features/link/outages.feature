@agent @controller
Feature: Outages
  Whatever goes away, for however long and together with whatever else: in the end both sides find each other again.

  Rule: Nothing has to be done by a person

    @req:relay.reconnect.always @req:session.store.profile-v
    Scenario: The relay and the program go away at the same moment
      Given a running session
      When the relay and the program are killed at the same moment, and are back after 3 s
      Then in the end a call is made and answered

    @req:relay.reconnect.always
    Scenario: The relay and the peer go away at the same moment
      Given a running session
      When the relay and the peer go away at the same moment, and are back after 3 s
      Then in the end a call is made and answered

    @req:session.window.stall @req:session.hello.interval
    Scenario: A peer whose connection is half open for two minutes
      Given a running session
      When the peer falls silent for 120 s, while nothing is closed
      Then the program does not report the peer as online
      When the peer speaks again
      Then in the end a call is made and answered
      And the program reports the peer as online
