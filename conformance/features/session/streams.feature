@agent @controller
Feature: Stream chunks
  Large values travel beside the messages, in chunks that name their place.

  Rule: A chunk has an id, an offset, and 1 to 65,536 bytes

    @req:session.stream.layout @req:session.stream.id
    Scenario: Two bodies of the program
      Given a running session of a program that can say what it is told
      When the program has 2 bodies of 200000 bytes to send, which arrive
      Then each body has a stream id of its own, named before

  @negative
  Rule: A chunk that does not decode is dropped

    Scenario Outline: A chunk <fault>
      Given a running session
      When the peer sends a chunk <fault> in the midst of a body
      Then the body arrives whole

      @req:session.stream.malformed @req:security.parse.strict
      Examples:
        | fault                      |
        | of 11 bytes                |
        | without content            |
        | of the stream 0            |
        | with 65537 bytes           |

      @req:security.parse.integer @req:session.stream.malformed
      Examples:
        | fault                      |
        | at the offset 2 to the 53  |

  Rule: Chunks come in any order, and are placed by their offset

    @req:session.stream.order
    Scenario: A body whose chunks come backwards
      Given a running session
      When the peer sends a body, and the relay delivers its chunks backwards
      Then the body arrives whole

  Rule: Bytes that are there already are ignored where they are the same, and end the stream where they differ

    @req:session.stream.overlap
    Scenario: Chunks that overlap with the same bytes
      Given a running session
      When the peer sends a body in chunks that overlap with the same bytes
      Then the body arrives whole

    @req:session.stream.overlap @negative
    Scenario: Chunks that overlap with other bytes
      Given a running session
      When the peer sends a body in chunks that overlap with other bytes
      Then the body does not arrive

  Rule: A chunk that no message has named is dropped

    @req:session.stream.unknown @negative
    Scenario: The chunks come before the message that names them
      Given a running session
      When the peer sends the chunks of a body before the message that names them
      Then the body does not arrive
      And the next message of the peer is acted on

  Rule: Streams end with their session

    @req:session.stream.end @negative
    Scenario: A rekey in the midst of a body
      Given a running session
      When the peer sends half of a body, a rekey makes a new session, and the peer sends the other half
      Then the body does not arrive
      And the next message of the peer is acted on
