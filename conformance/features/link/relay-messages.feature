@agent @controller
Feature: What the relay says
  A relay may be newer than its clients, it may be broken, and it may lie.

  Rule: A message of an unknown type, and an unknown member, are ignored

    @req:relay.text.lenient
    Scenario Outline: A relay that sends <what>
      Given a running session
      When the relay sends the program <what>
      Then the program stays connected
      And a call is made and answered

      Examples:
        | what                            |
        | a message of the type "weather" |
        | a "pong" with an unknown member |
        | a text that is no JSON          |
        | a "presence" without a status   |

    @req:relay.text.lenient
    Scenario: A relay whose every message has an unknown member
      Given a relay that adds a member to every message
      And a running session
      Then a call is made and answered

  @negative
  Rule: A binary frame that is not a routed frame to an own route is ignored

    @req:relay.frame.client-malformed
    Scenario Outline: A relay that sends <what>
      Given a running session
      When the relay sends the program <what>
      Then the program says nothing
      And the program stays connected
      And a call is made and answered

      Examples:
        | what                                              |
        | a frame of 32 bytes                               |
        | a frame of no bytes                               |
        | a frame of the type 2                             |
        | a frame to a route that the program does not have |
        | a frame with an empty payload                     |

    @req:session.select.header
    Scenario: A good message under a false sender
      Given a running session
      When the peer sends a message, and the relay puts another sender on it
      Then the program acts on it

  Rule: Until it is told otherwise the peer is offline, and "delivery-failed" says that it is away

    @req:relay.presence.default
    Scenario: The peer is not there when the program comes
      Given a running session
      When the peer loses its connection for good
      And the program loses its connection, and comes back to be told nothing
      Then the program sends the peer nothing

    @req:relay.failed.client
    Scenario: A frame was not delivered
      Given a running session
      When the relay says of a frame of the program that it was not delivered
      And the program has something more to say
      Then the program does not say it
      And as soon as the peer is heard again, the program says it

  @negative
  Rule: Neither is proof of anything

    @req:relay.presence.hint
    Scenario: The relay says that the peer is online, and it is not
      Given a running session
      When the peer loses its connection for good
      And 65 s pass by the clocks of the program
      And the relay tells the program that the peer is online
      Then the program does not report the peer as online

    @req:relay.presence.hint
    Scenario: The relay says that the peer is offline, and it is not
      Given a running session
      When the relay tells the program that the peer is offline
      Then the next message of the peer is acted on
