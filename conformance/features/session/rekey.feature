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
  Rule: No more than 3 sessions are kept, and the oldest goes first

    @req:pairing.rekey.third @req:pairing.rekey.grace
    Scenario Outline: After <count> rekeys within 30 s a message of the first session <opens>
      Given a running session
      When the relay holds a message of the peer back while <count> rekeys make new sessions, all within 30 s
      Then the held message <opens> at the program when it comes

      Examples:
        | count | opens         |
        | 2     | opens         |
        | 3     | does not open |

  Rule: The suite and the certificate of a rekey are stored with its session

    @req:pairing.rekey.record @req:pairing.rekey.suite
    Scenario: A rekey of suite 2, and a restart
      Given a running session of suite 1
      When the peer learns suite 2, and a rekey makes a new session
      And the program is killed and started again with its state, while the peer waits
      Then the program begins again in suite 2

    @req:pairing.rekey.record @req:pairing.identity.epoch @negative
    Scenario: A rekey with a new certificate, and a restart
      Given a running session
      When the peer makes a new certificate, and a rekey makes a new session
      And the program is killed and started again with its state, while the peer waits
      Then the program refuses a rekey with the certificate of before, and takes the new one

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
