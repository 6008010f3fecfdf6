@agent
Feature: Rekey at the agent
  The agent asks for a rekey where it needs one, answers R1, and switches to the run whose R3 verifies.

  Rule: The agent asks inside its session when a trigger holds, and beside it where that brings no R1

    @req:pairing.rekey.ask
    Scenario Outline: <trigger>
      Given a running session
      When at the agent <trigger>
      Then the agent asks for a rekey with the control message "rekey"

      Examples:
        | trigger                                      |
        | 8 messages in a row do not open              |
        | 257 messages are lost and the next one comes |
        | 31 days have passed                          |
        | 25 hours have passed                         |

    @req:pairing.rekey.ask
    Scenario: The controller learns a higher suite
      Given a running session of suite 1
      When the controller sends a "hello" that names suites 1 and 2
      Then the agent asks for a rekey with the control message "rekey"

    @req:pairing.rekey.ask-unanswered
    Scenario Outline: <trigger>, and "rekey" brings no R1
      Given a running session
      When at the agent <trigger>
      And the controller does not answer "rekey" for 13 s
      Then the agent sends REKEY_ASK with the reason "<reason>"

      Examples:
        | trigger                                      | reason           |
        | 8 messages in a row do not open              | decrypt failures |
        | 257 messages are lost and the next one comes | skip limit       |
        | 31 days have passed                          | age or count     |

  @negative
  Rule: The agent answers a right R1 of a stored pairing, and nothing else

    @req:pairing.rekey.stored
    Scenario: An R1 for a pairing that the agent does not have
      Given a running session
      When somebody else sends R1 to the agent's route
      Then the agent sends nothing about it

    @req:pairing.rekey.suite @req:pairing.hs-error.rekey @req:pairing.hs-error.reference
    Scenario: An R1 of a lower suite than the last one
      Given a running session of suite 2
      When the controller supports suite 1 alone, and sends R1
      Then the agent answers it with the HS_ERROR "suite-downgrade"
      And a call is made and answered in the old session

    @req:pairing.hs-error.rekey @req:pairing.hs-error.code @req:pairing.rekey.harmless
    Scenario Outline: An R1 <fault>
      Given a running session
      When the controller sends R1 <fault>
      Then the agent answers it with the HS_ERROR "<code>"
      And a call is made and answered in the old session

      Examples:
        | fault                                | code              |
        | of another identity                  | identity-mismatch |
        | whose prekeys have a wrong signature | rejected          |
        | with a prekey of small order         | rejected          |
        | that names another route             | rejected          |

    @req:pairing.rekey.repeat
    Scenario: The same R1 again
      Given a running session
      When the controller sends R1, and the relay delivers it twice
      Then the agent answers both with the same R2

    @req:pairing.rekey.rate @req:pairing.rekey.early
    Scenario: Three different R1 within one second
      Given a running session
      When the controller sends three different R1 at once
      Then the agent answers the first one only
      When a second more has passed for the agent
      Then the agent answers one more, and its R3 makes a session
      And a call is made and answered in the new session

    @req:pairing.rekey.rate
    Scenario: An R1 that was refused does not count
      Given a running session
      When the controller sends a refused R1, and a right one at once
      Then the agent answers the right one with R2

  Rule: The agent keeps its last 4 runs for 30 s, and switches to the one whose R3 verifies

    @req:pairing.rekey.runs @req:pairing.rekey.agent-switch
    Scenario: The first of 4 runs is completed
      Given a running session
      When the controller begins 4 runs, and sends the R3 of the first
      Then the agent says "hello" in the session of the first run
      And a call is made and answered in the session of the first run

    @req:pairing.rekey.runs @req:pairing.rekey.r3-refused
    Scenario: The first of 5 runs is forgotten
      Given a running session
      When the controller begins 5 runs, and sends the R3 of the first
      Then the agent answers it with the HS_ERROR "rejected"

    @req:pairing.rekey.runs @req:pairing.rekey.r3-refused
    Scenario: An R3 that comes 31 s after R2, when no run is left
      Given a running session
      When the controller begins a run, and sends its R3 31 s later
      Then the agent has no new session

    @req:pairing.rekey.runs-older
    Scenario: The R3 of an older run comes after that of a younger one
      Given a running session
      When the controller begins 2 runs, and sends the R3 of the second and then that of the first
      Then a call is made and answered in the session of the second

    @req:pairing.rekey.runs-older
    Scenario: The R3 of a younger run comes after that of an older one
      Given a running session
      When the controller begins 2 runs, and sends the R3 of the first and then that of the second
      Then a call is made and answered in the session of the second

    @req:pairing.rekey.r3-refused @req:pairing.rekey.harmless @negative
    Scenario Outline: An R3 <fault>
      Given a running session
      When the controller begins a run, and sends an R3 <fault>
      Then the agent answers it with the HS_ERROR "rejected"
      And a call is made and answered in the old session

      Examples:
        | fault                                  |
        | whose signature has one bit changed    |
        | whose confirmation has one bit changed |
        | that does not open its commitment      |

    @req:pairing.rekey.r3-repeated
    Scenario: R3 again
      Given a running session
      When a rekey makes a new session, and the relay delivers its R3 again
      Then the agent answers it with another "hello" in the new session

    @req:pairing.hs-error.outstanding
    Scenario: R2 is answered with HS_ERROR, and then with R3
      Given a running session
      When the controller begins a run, answers R2 with HS_ERROR, and then with R3
      Then a call is made and answered in the session of the first run

  @negative
  Rule: Nothing of a session is used before its R3, nor executed of an old one after it

    @req:pairing.rekey.agent-closed
    Scenario: A request in the new session, before its R3
      Given a running session
      When the controller sends a request in the new session, and R3 only then
      Then the agent does not execute that request

    @req:pairing.rekey.grace-late
    Scenario: A command of the old session after the new one has spoken
      Given a running session
      When the relay holds a command back until the controller has spoken in a new session
      Then the agent answers the command "stale"

  Rule: An agent without a session asks after each "bound" and each "online" of the peer, and every 10 s

    @req:pairing.rekey-ask.when @req:pairing.rekey-ask.body
    Scenario: The agent was started again
      Given a running session
      When the agent is killed and started again with its state, and the controller does not answer
      Then the agent sends REKEY_ASK with the reason "no session"

    @req:pairing.rekey-ask.when
    Scenario: The controller comes online later
      Given a running session
      When the controller is away while the agent is killed and started again with its state
      Then the agent sends REKEY_ASK with the reason "no session"

    @req:pairing.rekey-ask.again
    Scenario: Nobody answers
      Given a running session
      When the agent is killed and started again with its state, and the controller does not answer
      Then the agent sends REKEY_ASK every 10 s, each with a salt of its own
