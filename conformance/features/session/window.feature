@agent @controller
Feature: Window
  A receiver keeps keys for messages that it has not seen, so a sender does not run ahead of what was
  acknowledged.

  @negative
  Rule: At most so many messages are outstanding

    @req:session.window.frames
    Scenario: 128 messages
      Given a running session
      When the peer stops acknowledging, and the program has 200 messages to send
      Then no more than 128 messages of the program are outstanding
      And when the peer acknowledges again, the program sends the rest

    @req:session.window.frames
    Scenario: 192 messages, control messages included
      Given a running session
      When the peer stops acknowledging, and sends 250 messages that are answered with the control message "error"
      Then no more than 192 messages of the program are outstanding
      And when the peer acknowledges again, a call is made and answered

  @negative
  Rule: At most 1,048,576 bytes are outstanding

    @req:session.window.bytes
    Scenario: Three bodies of 600,000 bytes
      Given a running session of a program that can say what it is told
      When the peer stops acknowledging, and the program has 3 bodies of 600000 bytes to send
      Then no more than 1048576 bytes of the program are outstanding
      And when the peer acknowledges again, the program sends the rest of the bodies

  Rule: What arrives is acknowledged after 32 frames, or after 200 ms

    @req:session.window.ack
    Scenario: One frame that asks for nothing
      Given a running session
      When the peer sends a message that asks for nothing
      Then the program acknowledges it when 200 ms have passed

    @req:session.window.ack
    Scenario: 32 frames at once
      Given a running session
      When the peer sends 32 messages that ask for nothing at once, up to 20 times
      Then the program acknowledges them before 200 ms have passed

    @req:session.window.ack-alone @negative
    Scenario: Frames that carry nothing but an acknowledgement
      Given a running session
      When the peer sends 40 frames with nothing but "ack"
      Then the program says nothing

  Rule: An acknowledgement that cannot be is ignored

    @req:session.window.bogus-ack @negative
    Scenario Outline: An acknowledgement <fault>
      Given a running session
      When the peer stops acknowledging, and the program has 200 messages to send
      And the peer sends an acknowledgement <fault>
      Then no more than 128 messages of the program are outstanding
      And when the peer acknowledges again, the program sends the rest

      Examples:
        | fault                          |
        | lower than the one before      |
        | beyond all that was sent       |
        | of the highest number there is |
