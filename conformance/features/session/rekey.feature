@agent @controller
Feature: Rekey
  A rekey makes a new session under the identities of the pairing, without a code and without digits. The
  controller always begins: R1, the agent answers R2, the controller proves itself with R3.

  Rule: A rekey leads from the old session to a new one, in which "hello" comes first

    @req:session.hello.connect
    Scenario: A rekey while the session runs
      Given a running session
      When a rekey makes a new session
      Then the first message of the program in the new session is "hello"
      And a call is made and answered in the new session

  Rule: The replaced session still receives, for 30 s

    @req:pairing.rekey.grace
    Scenario: A message of the old session comes 20 s after the switch
      Given a running session
      When the relay holds a message of the peer back while a rekey makes a new session
      And 20 s pass by the clocks of the program
      Then the held message opens at the program when it comes

    @req:pairing.rekey.grace
    Scenario: A message of the old session comes 40 s after the switch
      Given a running session
      When the relay holds a message of the peer back while a rekey makes a new session
      And 40 s pass by the clocks of the program
      Then the held message does not open at the program when it comes

  @negative
  Rule: What does not open is met with silence, and an HS_ERROR is never answered

    @req:pairing.hs-error.silent @req:security.secret.no-oracle
    Scenario: Handshake frames of every type that do not open
      Given a running session
      When the relay sends the program handshake frames of every type that do not open
      Then the program says nothing
      And the next message of the peer is acted on

    @req:pairing.hs-error.no-loop @req:pairing.hs-error.outstanding
    Scenario: HS_ERROR about nothing that waits
      Given a running session
      When the peer sends HS_ERROR of every kind about frames that wait for nothing
      Then the program says nothing
      And the next message of the peer is acted on

    @req:pairing.hs-error.stored
    Scenario: An HS_ERROR deletes nothing
      Given a running session
      When the peer sends HS_ERROR of every kind about frames that wait for nothing
      And the program is stopped and started again with its state
      Then in the end a call is made and answered
