@agent @controller
Feature: Control messages
  Both sides meet newer versions of each other: what they do not know they ignore.

  Rule: An unknown control message, an unknown member, and a message for the other direction are ignored

    @req:session.control.unknown
    Scenario: A control message of an unknown type
      Given a running session
      When the peer sends the control message "unstable-weather"
      Then the program says nothing but an acknowledgement
      And the next message of the peer is acted on

    @req:session.control.unknown
    Scenario: A "hello" with members that nobody knows
      Given a running session
      When the peer sends a "hello" with unknown members
      And a call is made and answered
      Then the frames of the program carry that challenge

    @req:session.control.unknown
    Scenario: A message that only the program itself may send
      Given a running session
      When the peer sends the control messages that only the program may send
      Then the program says nothing but an acknowledgement
      And the next message of the peer is acted on

  Rule: A control content that does not fit its schema is ignored

    @req:session.control.malformed
    Scenario Outline: A control content <fault>
      Given a running session
      When the peer sends a control content <fault>
      Then the program says nothing but an acknowledgement
      And the next message of the peer is acted on

      Examples:
        | fault                                     |
        | that is no JSON                           |
        | that is no UTF-8                          |
        | that is a JSON array                      |
        | that is a JSON object without a type      |
        | that is a "hello" without a challenge     |
        | that is a "hello" with a short challenge  |

  @negative
  Rule: A control "error" is never answered

    @req:session.control.error-final
    Scenario Outline: An "error" <which>
      Given a running session
      When the peer sends the control message "error" <which>
      Then the program says nothing but an acknowledgement
      And the next message of the peer is acted on

      @req:errors.code.unknown
      Examples:
        | which                        |
        | with a code that nobody has  |

      Examples:
        | which                        |
        | "invalid-request"            |
        | "parse-error"                |

  Rule: A message with a name that is too long or has control characters in it is ignored

    @req:session.control.name-check
    Scenario Outline: A name <fault>
      Given a pairing whose peer has not told its name yet
      When the peer tells a name <fault>
      Then the program does not take it, and a good name it does

      Examples:
        | fault                              |
        | of 65 bytes                        |
        | of 33 characters that take 66 bytes |
        | with a line break                  |
        | with an escape sequence            |
