@agent
Feature: M1, at the agent
  The first message of a controller. Whatever is wrong with it is refused, and what cannot be opened is
  met with silence: whoever does not know the code learns nothing, not even that it is shown.

  Background:
    Given an agent under test
    And the controller has scanned the code of the agent

  Rule: An M1 that opens and is wrong is refused, and the attempt is over

    @negative @req:pairing.wrap.suite @req:pairing.agent.refused @req:pairing.hs-error.code
    Scenario Outline: An M1 <fault> is refused with "suite"
      When the controller sends an M1 <fault>
      Then the agent refuses it with "suite"

      Examples:
        | fault                                            |
        | of a suite that nobody knows                     |
        | of the suite 0                                   |
        | whose own list of suites does not have its suite |

    @negative @req:pairing.m1.downgrade @req:pairing.hs-error.code
    Scenario: An M1 of a lower suite than both support is refused
      When the controller sends an M1 of a lower suite than both support
      Then the agent refuses it with "suite-downgrade"

    @negative @req:pairing.m1.route @req:pairing.hs-error.code @req:pairing.hs-error.reference
    Scenario: An M1 with the route of somebody else is refused
      When the controller sends an M1 with the route of somebody else
      Then the agent refuses it with "route-mismatch"

    @negative @req:pairing.wrap.length
    Scenario Outline: An M1 <fault> is refused with "length"
      When the controller sends an M1 <fault>
      Then the agent refuses it with "length"

      Examples:
        | fault                             |
        | whose body is one byte too short  |
        | whose body is one byte too long   |

    @negative @req:pairing.identity.epoch-zero
    Scenario: An M1 whose certificate has the epoch 0 is refused
      When the controller sends an M1 whose certificate has the epoch 0
      Then the agent refuses it with "length"

    @negative @req:pairing.identity.cert-signature
    Scenario Outline: An M1 <fault> is refused with "cert-signature"
      When the controller sends an M1 <fault>
      Then the agent refuses it with "cert-signature"

      Examples:
        | fault                                        |
        | whose certificate another key has signed     |
        | whose certificate was signed with another IKd |

    @negative @req:pairing.m1.keys
    Scenario Outline: An M1 <fault> is refused with "<code>"
      When the controller sends an M1 <fault>
      Then the agent refuses it with "<code>"

      @req:security.key.low-order
      Examples:
        | fault                 | code          |
        | whose IKd is zero     | key-low-order |
        | whose IKd has order 8 | key-low-order |
        | whose SPK is one      | key-low-order |
        | whose SPK has order 8 | key-low-order |
        | whose OPK is zero     | key-low-order |
        | whose OPK has order 8 | key-low-order |

      @req:security.key.canonical
      Examples:
        | fault                      | code             |
        | whose IKd is not canonical | key-noncanonical |
        | whose SPK is not canonical | key-noncanonical |
        | whose OPK is not canonical | key-noncanonical |

    @negative @req:pairing.m1.signature
    Scenario Outline: An M1 <fault> is refused with "prekey-signature"
      When the controller sends an M1 <fault>
      Then the agent refuses it with "prekey-signature"

      Examples:
        | fault                                         |
        | whose prekeys another key has signed          |
        | whose prekeys were signed without the label   |
        | whose prekeys were signed for another suite   |
        | whose prekeys were signed for another device  |
        | whose ML-KEM key was not signed with the rest |

    @negative @req:pairing.m1.kem-key
    Scenario: An M1 whose ML-KEM key has a number beyond the modulus is refused
      When the controller sends an M1 whose ML-KEM key has a number beyond the modulus
      Then the agent refuses it with "kem-key"

    @negative @req:pairing.m1.self
    Scenario: An M1 with the agent's own certificate is refused
      Given the agent is paired, so that the controller knows its certificate
      When the controller scans a new code and shows the agent's certificate in its M1
      Then the agent refuses it with "identity-mismatch"

    @negative @req:pairing.identity.epoch
    Scenario Outline: A paired controller that comes back with <certificate> is refused
      Given the controller has paired with a certificate of epoch 2
      When the controller scans a new code and comes back with <certificate>
      Then the agent refuses it with "epoch-rollback"

      Examples:
        | certificate                |
        | an older certificate       |
        | another IKd of that epoch  |

  Rule: An M1 that does not open is met with silence, and the code stays good

    @negative @req:pairing.wrap.open @req:pairing.hs-error.silent
    Scenario Outline: An M1 <fault> changes nothing
      When the controller sends an M1 <fault>
      Then the agent stays silent
      And the code is still good

      Examples:
        | fault                                       |
        | sealed under another secret                 |
        | with one bit of its sealed body changed     |
        | with one bit of its salt changed            |
        | with another suite than it was sealed for   |

    @negative @req:pairing.wrap.version
    Scenario: An M1 of version 2 changes nothing
      When the controller sends an M1 of version 2
      Then the agent stays silent
      And the code is still good

    @negative @req:pairing.wrap.type
    Scenario: An M1 of a type that does not exist changes nothing
      When the controller sends an M1 of a type that does not exist
      Then the agent stays silent
      And the code is still good

    @negative @req:pairing.wrap.length
    Scenario: A handshake frame of 51 bytes changes nothing
      When the controller sends an M1 of 51 bytes
      Then the agent stays silent
      And the code is still good

  Rule: The first M1 that opens takes the code, whatever else is wrong with it

    @negative @req:pairing.m1.single-use @req:pairing.agent.other-device @req:pairing.hs-error.code
    Scenario: Another M1 is told that somebody was first
      Given the controller sends M1
      And the agent answers with M2
      When a second controller that has seen the code sends M1
      Then the second controller is told HS_ERROR "pair-busy"
      And the agent shows that another device used the code
      And a right M3 is still good

    @negative @req:pairing.m1.single-use @req:pairing.agent.refused
    Scenario: A wrong M1 takes the code as well
      When the controller sends an M1 with the route of somebody else
      Then the agent refuses it with "route-mismatch"
      When a second controller that has seen the code sends M1
      Then the second controller gets no M2

    @req:pairing.m1.repeat
    Scenario: The same M1 again is answered with the same M2
      Given the controller sends M1
      And the agent answers with M2
      When the controller sends the same M1 again
      Then the agent answers with the same M2

    @negative @req:pairing.m1.failures
    Scenario: After 20 frames that it could not open the agent gives the code up
      When the controller sends 19 frames that do not open
      Then the agent still shows the code
      When the controller sends 1 frame that does not open
      Then the agent has given the code up

  Rule: An M1 that comes after the code has expired is met with silence

    @negative @req:pairing.m1.expired
    Scenario: An M1 after the code has expired changes nothing
      When the controller has connected, and 125 s have passed
      Then the agent's attempt ends with "pair-expired"
      When the controller sends M1
      Then the agent stays silent

    @req:pairing.m1.expired @req:pairing.m1.repeat
    Scenario: Once the code is taken its expiry means nothing
      Given the controller has connected, and 110 s have passed
      And the controller sends M1
      And the agent answers with M2
      When 20 s have passed
      And the controller sends the same M1 again
      Then the agent answers with the same M2

  Rule: A suite, and a bit that nobody knows

    @req:pairing.suite.mandatory
    Scenario: A controller that knows the mandatory suite only
      Given the controller knows the suite 0x0001 only
      When the controller sends M1
      Then the agent answers with M2

    @req:pairing.suite.unknown-bits @req:pairing.transcript.hash
    Scenario: Suites of the future are ignored, and hashed as they came
      Given the controller supports suites that nobody knows yet as well
      When the controller sends M1
      Then the agent answers with M2
