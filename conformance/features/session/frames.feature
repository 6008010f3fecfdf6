@agent @controller
Feature: What stands in a message
  These checks come after a message has opened: it was authentic, so it counts and is acknowledged, but
  what is wrong in it is used by nobody.

  @negative
  Rule: A frame that is not made by the layout is delivered to nobody, and the session goes on

    Scenario Outline: A frame <fault>
      Given a running session
      When the peer sends a frame <fault>
      Then the program does not act on it
      And the frame is acknowledged
      And the next message of the peer is acted on

      @req:session.frame.padding-check @req:session.frame.refused
      Examples:
        | fault                                             |
        | whose length goes beyond its end                  |
        | with one padding byte that is not zero            |

      @req:session.frame.content-type @req:session.frame.refused
      Examples:
        | fault                                             |
        | of the unknown content type 4                     |
        | of the unknown content type 255                   |
        | with a flag set                                   |

    @req:session.frame.refused
    Scenario: The challenge and the acknowledgement of such a frame count for nothing
      Given a running session
      When the peer sends a "hello" in a frame with one padding byte that is not zero
      And a call is made and answered
      Then the frames of the program do not carry the challenge of that "hello"

  Rule: Any padding up to 262,144 bytes is accepted

    @req:session.frame.length-free
    Scenario Outline: A message in a frame of <size> bytes
      Given a running session
      When the peer sends a message in a frame of <size> bytes
      Then the program acts on it

      Examples:
        | size   |
        | 100    |
        | 257    |
        | 262144 |

  Rule: A JSON content larger than 65,536 bytes is an invalid request

    @req:session.frame.message-max-check
    Scenario: A message of 65,537 bytes
      Given a running session
      When the peer sends a message with a content of 65537 bytes
      Then the program does not act on it
      And the program answers with the control message "error" "invalid-request"

    @req:session.frame.message-max-check
    Scenario: A message of 65,536 bytes
      Given a running session
      When the peer sends a message with a content of 65536 bytes
      Then the program acts on it
