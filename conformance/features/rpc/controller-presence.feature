@controller
Feature: Whether the agent is there
  Only an authentic frame shows that an agent lives. What a relay says of it is a hint, and may be a lie.

  Rule: An agent that was not heard for 60 s is not shown as online, whatever the relay says

    @req:rpc.show.online @negative
    Scenario: An agent that falls silent, while nothing is closed
      Given a running session
      When the peer falls silent for 65 s, while nothing is closed
      Then the program does not report the peer as online
      When the peer speaks again
      Then the program reports the peer as online

    @req:rpc.show.online @negative
    Scenario: An agent that is gone, of which the relay says that it came back
      Given a running session
      When the peer loses its connection for good
      And 65 s pass by the clocks of the program
      And the relay tells the program that the peer is online
      Then the program does not report the peer as online
