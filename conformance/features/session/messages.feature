@agent @controller
Feature: Messages of a session
  A session carries sealed messages in both directions. The peer below is played by the suite and checks
  every message: layout, header tag, key, associated data, padding.

  Rule: Every message is numbered, tagged and sealed under a key of its own

    @req:session.message.layout @req:session.message.aad @req:session.header.tag @req:session.kdf.root @req:session.kdf.chain @req:session.frame.layout
    Scenario: Calls and answers in turn, with a new ratchet key each time
      Given a running session
      When 12 calls are made and answered, one after the other
      Then every message of the program has opened
      And its messages are numbered without a gap
      And it has used at least 12 ratchet keys

    @req:session.message.layout @req:session.kdf.chain
    Scenario: Many messages under one ratchet key
      Given a running session
      When the program has 40 messages to send at once
      Then every message of the program has opened
      And its messages are numbered without a gap

    @req:session.message.nonce @req:session.message.key-once
    Scenario: No nonce and no key is used for two messages
      Given a running session
      When 12 calls are made and answered, one after the other
      Then no two messages of the program have the same nonce
      And no two messages of the program have the same ratchet key and number

  Rule: A frame is padded with zeros to the next step of the table

    @req:session.frame.padding
    Scenario: Short and long messages are padded
      Given a running session of a program that can say what it is told
      When the program sends messages of about 10, 300, 5000 and 60000 bytes
      Then the frames of the program are padded to the steps of the table, with zeros

  Rule: A message larger than 65,536 bytes is never sent as one

    @req:session.frame.message-max @negative
    Scenario: What is larger travels as a stream
      Given a running session of a program that can say what it is told
      When the program has 200000 bytes to send in one message
      Then no content of the program is larger than 65536 bytes
      And all of it arrives, in a stream

  Rule: Each frame acknowledges the newest frame that was opened

    @req:session.frame.ack
    Scenario: The acknowledgement follows what arrives
      Given a running session
      When the peer sends 5 messages
      Then the newest frame of the program acknowledges all of them

    @req:session.frame.ack
    Scenario: A message that came late does not turn the acknowledgement back
      Given a running session
      When the peer sends two messages, and the relay delivers the second one first
      Then the newest frame of the program acknowledges all of them

  Rule: Each frame carries the newest challenge that came from the peer

    @req:session.frame.fresh
    Scenario: A new challenge replaces the one before
      Given a running session
      When the peer sends "hello" with a new challenge
      And a call is made and answered
      Then the frames of the program carry that challenge

    @req:session.frame.fresh
    Scenario: A "hello" that was overtaken by a newer one brings nothing back
      Given a running session
      When the peer sends two "hello", and the relay delivers the second one first
      And a call is made and answered
      Then the frames of the program carry the challenge of the second "hello"

  Rule: Names, and everything else that is typed, stay within their bounds

    @req:session.control.name @negative
    Scenario: The name that the program tells at pairing
      Given a running session of a program whose owner gave it a name of 100 bytes with a line break
      Then the name that the program told has at most 64 bytes and no control characters
