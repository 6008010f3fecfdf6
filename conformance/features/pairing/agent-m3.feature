@agent
Feature: M3, at the agent
  The controller opens its commitment and proves who it is. Only then does the agent ask for the digits.

  Background:
    Given an agent under test
    And the controller has sent M1, and the agent has answered with M2

  Rule: An M3 that opens and is wrong is refused, and the attempt is over

    @negative @req:pairing.m3.commitment
    Scenario: An M3 whose nonce does not open the commitment is refused
      When the controller sends an M3 whose nonce does not open the commitment
      Then the agent refuses it with "confirm"

    @negative @req:pairing.m3.confirm @req:pairing.agent.refused
    Scenario Outline: An M3 <fault> is refused with "confirm"
      When the controller sends an M3 <fault>
      Then the agent refuses it with "confirm"

      Examples:
        | fault                                       |
        | whose confirmation is made with another key |
        | whose confirmation is made with the agent's key |

    @negative @req:security.parse.order
    Scenario: The confirmation is judged before the signature
      When the controller sends an M3 whose confirmation and signature are both wrong
      Then the agent refuses it with "confirm"

    @negative @req:pairing.m3.signature
    Scenario Outline: An M3 <fault> is refused with "auth-signature"
      When the controller sends an M3 <fault>
      Then the agent refuses it with "auth-signature"

      Examples:
        | fault                                   |
        | whose transcript another key has signed |
        | whose signature is that of an agent     |

    @negative @req:pairing.wrap.suite
    Scenario: An M3 of another suite than M1 is refused
      When the controller sends an M3 of another suite than M1
      Then the agent refuses it with "suite"

    @negative @req:pairing.wrap.length
    Scenario Outline: An M3 <fault> is refused with "length"
      When the controller sends an M3 <fault>
      Then the agent refuses it with "length"

      Examples:
        | fault                            |
        | whose body is one byte too short |
        | whose body is one byte too long  |

  Rule: An M3 that does not open is met with silence, and the attempt goes on

    @negative @req:pairing.wrap.open @req:pairing.hs-error.silent
    Scenario Outline: An M3 <fault> changes nothing
      When the controller sends an M3 <fault>
      Then the agent stays silent
      And a right M3 is still good

      Examples:
        | fault                                   |
        | sealed under another secret             |
        | with one bit of its sealed body changed |
        | of 51 bytes                             |

    @negative @req:pairing.wrap.version
    Scenario: An M3 of version 2 changes nothing
      When the controller sends an M3 of version 2
      Then the agent stays silent
      And a right M3 is still good

  Rule: M3 has 30 s, and counts once

    @negative @req:pairing.agent.m3-time @req:pairing.agent.abort-answer
    Scenario: Without an M3 the attempt ends after 30 s
      When 28 s have passed
      Then the agent still waits
      When 4 s have passed
      Then the agent answers M1 with HS_ERROR "rejected"
      And the agent's attempt ends with "pair-expired"

    @req:pairing.agent.repeated-m3
    Scenario: A repeated M3 is ignored
      Given the controller sends M3
      And the agent asks for the digits
      When the controller sends the same M3 again
      Then the agent stays silent
      And the digits that the controller shows are still good

  Rule: M2 that is answered with HS_ERROR ends the attempt

    @req:pairing.agent.hs-error
    Scenario: A controller that refuses M2 ends the attempt
      When the controller answers M2 with HS_ERROR "rejected"
      Then the agent's attempt ends with "rejected"
      And the agent has given up the route of the code

    @negative @req:pairing.hs-error.outstanding
    Scenario: An HS_ERROR about another frame is ignored
      When the controller sends an HS_ERROR "rejected" about a frame that the agent never sent
      Then the agent stays silent
      And a right M3 is still good

    @negative @req:pairing.hs-error.no-loop @req:pairing.agent.abort-answer
    Scenario: An HS_ERROR is not answered with another one
      When the controller answers M2 with HS_ERROR "rejected"
      Then the agent's attempt ends with "rejected"
      And the agent stays silent

    @req:pairing.hs-error.unknown
    Scenario: An HS_ERROR with a code of the future counts as "rejected"
      When the controller answers M2 with an HS_ERROR of the code 0x7F
      Then the agent's attempt ends with "rejected"
