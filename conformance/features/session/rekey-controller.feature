@controller
Feature: Rekey at the controller
  The controller begins every rekey, waits for a message of the new session, and falls back where none comes.

  Rule: The controller starts a rekey when a trigger holds

    @req:pairing.rekey.triggers @req:pairing.rekey.suite-choice
    Scenario: There is no session
      Given a running session of suite 2
      When the controller is stopped and started again with its state
      Then the controller starts a rekey of suite 2

    @req:pairing.rekey.triggers
    Scenario: The agent asks for it inside the session
      Given a running session
      When the agent sends the control message "rekey"
      Then the controller starts a rekey

    @req:pairing.rekey.triggers
    Scenario: 257 messages are lost
      Given a running session
      When the relay loses 257 messages of the agent, and the next one arrives
      Then the controller starts a rekey

    @req:pairing.rekey.triggers @negative
    Scenario: 8 messages in a row that do not open
      Given a running session
      When the agent sends 8 messages sealed under another key
      Then the controller starts a rekey

    @req:pairing.rekey.triggers @negative
    Scenario: A message that opens begins the count of 8 anew
      Given a running session
      When the agent sends 7 messages sealed under another key, a good one, and 7 more
      Then the controller starts no rekey

    @req:pairing.rekey.triggers
    Scenario Outline: The session of suite <suite> is <age> old
      Given a running session of suite <suite>
      When <age> pass by the clocks of the controller
      Then the controller starts a rekey

      Examples:
        | suite | age      |
        | 1     | 31 days  |
        | 2     | 25 hours |

    @req:pairing.rekey.triggers @req:pairing.rekey.suite-choice
    Scenario: The agent learns a higher suite
      Given a running session of suite 1
      When the agent sends a "hello" that names suites 1 and 2
      Then the controller starts a rekey of suite 2

    @req:pairing.rekey.triggers
    Scenario: A "hello" is due for which the window has no room
      Given a running session
      When the peer stops acknowledging, and sends 250 messages that are answered with the control message "error"
      And 45 s pass by the clocks of the controller
      Then the controller starts a rekey

  @negative
  Rule: Between the starts of two rekeys lie 10 s, and twice as much after one that failed

    @req:pairing.rekey.gap
    Scenario: Asked twice
      Given a running session
      When a rekey makes a new session
      And the agent sends the control message "rekey"
      Then the controller sends R1 not before 10 s after the last one, and then it does

  Rule: A refused suite is followed by the next higher one, at once

    @req:pairing.rekey.suite-repeat
    Scenario: The agent wants a higher suite
      Given a running session of suite 1
      When the agent asks for a rekey and answers R1 with the HS_ERROR "suite-downgrade"
      Then the controller sends R1 of suite 2 at once

  @negative
  Rule: What is not the right R2 is met with silence, and the run goes on waiting

    Scenario Outline: An R2 <fault>
      Given a running session
      When the agent asks for a rekey and answers R1 with an R2 <fault>
      Then the controller sends nothing about it
      And the right R2 is still answered with R3

      @req:pairing.rekey.r2-refused
      Examples:
        | fault                                  |
        | whose signature has one bit changed    |
        | whose confirmation has one bit changed |
        | of another identity                    |
        | with a ratchet key of small order      |

      @req:pairing.rekey.r2-unknown
      Examples:
        | fault              |
        | for another prekey |

    @req:pairing.rekey.harmless @req:pairing.rekey.r2-time
    Scenario: A rekey that comes to nothing
      Given a running session
      When a rekey fails because no R2 comes for 30 s
      Then the right R2 is not answered with R3 any more
      And a call is made and answered

  Rule: The controller waits for a message of the new session, and sends R3 again until it comes

    @req:pairing.rekey.controller-wait @negative
    Scenario: The agent does not speak yet
      Given a running session
      When a rekey has come as far as R3
      Then the calls of the controller go out in the old session
      And after the first message of the new session they go out in the new one

    @req:pairing.rekey.r3-resend
    Scenario: R3 again, unchanged
      Given a running session
      When a rekey has come as far as R3
      Then the controller sends the same R3 again 1, 2, 4 and 8 s after the first time

    @req:pairing.rekey.drop @req:pairing.rekey.drop-again
    Scenario: Nothing is heard of the new session for 30 s
      Given a running session
      When a rekey has come as far as R3
      And the agent says nothing in the new session for 31 s
      Then a message of the new session does not open at the controller any more
      And the controller sends R1 as soon as the gap allows

    @req:pairing.rekey.drop-again
    Scenario: The rekey after a dropped session comes to nothing as well
      Given a running session
      When a rekey has come as far as R3
      And the agent says nothing in the new session for 31 s
      Then the controller sends R1 as soon as the gap allows
      And it sends another R1 when that one has had no R2 for 30 s

    @req:pairing.rekey.r3-error @req:pairing.rekey.drop-again
    Scenario: R3 is answered with HS_ERROR
      Given a running session
      When a rekey has come as far as R3
      And the agent answers R3 with HS_ERROR
      Then a message of the new session does not open at the controller any more
      And the controller sends R1 as soon as the gap allows

    @req:pairing.hs-error.outstanding
    Scenario: An HS_ERROR about R1 after its R2
      Given a running session
      When a rekey has come as far as R3
      And the agent answers R1 with HS_ERROR
      Then after the first message of the new session a call is made and answered in it

  Rule: An HS_ERROR about R1 ends the run, whatever its code, and no other does

    @req:pairing.hs-error.unknown @req:pairing.rekey.r2-time
    Scenario Outline: R1 is answered with the HS_ERROR <code>
      Given a running session
      When the agent asks for a rekey and answers R1 with the HS_ERROR <code>
      Then the right R2 is not answered with R3 any more
      And a call is made and answered

      Examples:
        | code                    |
        | "rejected"              |
        | "identity-mismatch"     |
        | 200, which nobody knows |

    @req:pairing.hs-error.outstanding @negative
    Scenario: An HS_ERROR that names another frame
      Given a running session
      When the agent asks for a rekey and answers R1 with an HS_ERROR that names another frame
      Then the right R2 is still answered with R3

  Rule: A REKEY_ASK is honoured once, and not while the session is alive, unless the agent was away

    @req:pairing.rekey-ask.quiet @negative
    Scenario: A message of the session opened a moment ago
      Given a running session
      When the agent sends a message, and 5 s later REKEY_ASK
      Then the controller starts no rekey

    @req:pairing.rekey-ask.quiet
    Scenario: Nothing was heard for 11 s
      Given a running session
      When the agent sends a message, and 11 s later REKEY_ASK
      Then the controller starts a rekey

    @req:pairing.rekey-ask.back
    Scenario: The agent was started again a moment after it was heard
      Given a running session
      When the agent sends a message, loses its connection, comes back and sends REKEY_ASK
      Then the controller starts a rekey

    @req:pairing.rekey-ask.once @negative
    Scenario: The relay repeats a REKEY_ASK
      Given a running session
      When a REKEY_ASK leads to a new session
      And 20 s later the relay delivers the same REKEY_ASK again
      Then the controller starts no rekey

    @req:pairing.rekey-ask.reason
    Scenario: A reason that nobody knows
      Given a running session
      When the agent sends a message, and 11 s later REKEY_ASK with the unknown reason 99
      Then the controller starts a rekey

    @req:pairing.rekey-ask.once @negative
    Scenario: A forged REKEY_ASK
      Given a running session
      When the agent sends a message, and 11 s later the relay sends REKEY_ASK with its last bit changed
      Then the controller starts no rekey
