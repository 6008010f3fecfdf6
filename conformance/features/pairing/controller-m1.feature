@controller
Feature: M1, from the controller
  Everything in it is made for this one scan of a code.

  Background:
    Given a controller under test

  Rule: M1 is made by the layout of its suite, in the highest suite that both know

    @req:pairing.m1.suite @req:pairing.m1.body @req:pairing.wrap.key
    Scenario: An agent that offers both suites gets M1 in suite 0x0002
      Given the agent shows a pairing code
      When the controller scans the code
      Then the controller sends M1
      And M1 is of suite 0x0002 and a frame of 1554 bytes

    @req:pairing.suite.mandatory @req:pairing.m1.suite @req:pairing.m1.body
    Scenario: An agent that offers the mandatory suite only gets M1 in suite 0x0001
      Given the agent knows the suite 0x0001 only
      And the agent shows a pairing code
      When the controller scans the code
      Then the controller sends M1
      And M1 is of suite 0x0001 and a frame of 370 bytes

    @req:pairing.suite.unknown-bits @req:pairing.transcript.ctx
    Scenario: Suites of the future in the code are ignored, and hashed as they came
      Given the agent offers suites that nobody knows yet as well
      And the agent shows a pairing code
      When the controller scans the code
      Then the controller sends M1
      When the agent answers with M2
      Then the controller sends M3

    @req:pairing.identity.epoch-first
    Scenario: The first certificate has the epoch 1
      Given the controller has scanned the code and sent M1
      Then the certificate in M1 has the epoch 1

    @req:pairing.m1.fresh @req:pairing.wrap.salt
    Scenario: Two M1 have nothing in common but the identity
      When the controller scans two codes, one after the other
      Then their M1 have different prekeys, commitments, ML-KEM keys, routes and salts

  Rule: An M1 without an answer is sent once more, unchanged

    @req:pairing.controller.m1-resend @req:pairing.controller.one-bundle @negative
    Scenario: After 15 s the same bytes come again, once
      Given the controller has scanned the code and sent M1
      When 28 s have passed, half a second at a time
      Then the same M1 has come again once, 15 s after the first

    @req:pairing.controller.m1-resend @req:pairing.controller.one-bundle @negative
    Scenario: After a reconnect the same bytes come again
      Given the controller has scanned the code and sent M1
      When the controller's connection is cut, and made again
      Then the same M1 has come again

  Rule: Without an answer the attempt ends, and the person hears that somebody else may have used the code

    @negative @req:pairing.controller.m2-time @req:pairing.controller.other-device
    Scenario: No M2 for 30 s
      Given the controller has scanned the code and sent M1
      When 28 s have passed
      Then the controller still waits for M2
      When 5 s have passed
      Then the controller's attempt has ended with "timeout"

    @negative @req:pairing.controller.other-device
    Scenario: The agent says that somebody else was first
      Given the controller has scanned the code and sent M1
      When the agent answers M1 with HS_ERROR "pair-busy"
      Then the controller's attempt ends with "pair-busy"

    @negative @req:pairing.controller.other-device
    Scenario: The agent is not there any more
      Given the agent shows a pairing code
      And the agent has left
      When the controller scans the code
      Then the controller's attempt ends with "timeout"

  Rule: No more than 8 M1 wait for an answer

    @negative @req:pairing.m1.outstanding
    Scenario: Nine codes are scanned, and only then the agents answer
      When the person scans nine codes, and the agents answer after the last one
      Then some of the M2 are answered with M3, but at most 8

  Rule: An HS_ERROR about M1 ends the attempt, and no other does

    @negative @req:pairing.hs-error.no-loop
    Scenario: An HS_ERROR is not answered with another one
      Given the controller has scanned the code and sent M1
      When the agent answers M1 with HS_ERROR "rejected"
      Then the controller's attempt ends with "rejected"
      And the controller stays silent

    @req:pairing.hs-error.unknown
    Scenario: An HS_ERROR with a code of the future counts as "rejected"
      Given the controller has scanned the code and sent M1
      When the agent answers M1 with an HS_ERROR of the code 0x7F
      Then the controller's attempt ends with "rejected"

    @negative @req:pairing.hs-error.outstanding
    Scenario: An HS_ERROR about another frame is ignored
      Given the controller has scanned the code and sent M1
      When the agent sends an HS_ERROR "rejected" about a frame that the controller never sent
      Then the controller stays silent
      And a right M2 is still good
