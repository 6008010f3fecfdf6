@controller
Feature: M2, at the controller
  The agent proves that it is the one whose code was scanned. Whatever is wrong is refused, and said.

  Background:
    Given a controller under test
    And the controller has scanned the code and sent M1

  Rule: An M2 that opens and is wrong is refused, and the attempt is over

    @negative @req:pairing.wrap.suite @req:pairing.hs-error.code @req:pairing.controller.m2-error
    Scenario Outline: An M2 <fault> is refused with "suite"
      When the agent answers with an M2 <fault>
      Then the controller refuses it with "suite"

      Examples:
        | fault                        |
        | of another suite than M1     |
        | of a suite that nobody knows |

    @negative @req:pairing.wrap.length
    Scenario Outline: An M2 <fault> is refused with "length"
      When the agent answers with an M2 <fault>
      Then the controller refuses it with "length"

      Examples:
        | fault                            |
        | whose body is one byte too short |
        | whose body is one byte too long  |

    @negative @req:pairing.m2.prekeys
    Scenario Outline: An M2 <fault> is refused with "prekey-unknown"
      When the agent answers with an M2 <fault>
      Then the controller refuses it with "prekey-unknown"

      Examples:
        | fault                     |
        | that echoes another spkId |
        | that echoes another opkId |

    @negative @req:pairing.m2.device @req:pairing.hs-error.code @req:pairing.hs-error.reference
    Scenario: An M2 of another agent than the code names is refused
      When the agent answers with an M2 of another agent than the code names
      Then the controller refuses it with "identity-mismatch"

    @negative @req:pairing.identity.cert-signature
    Scenario: An M2 whose certificate another key has signed is refused
      When the agent answers with an M2 whose certificate another key has signed
      Then the controller refuses it with "cert-signature"

    @negative @req:pairing.identity.epoch-zero
    Scenario: An M2 whose certificate has the epoch 0 is refused
      When the agent answers with an M2 whose certificate has the epoch 0
      Then the controller refuses it with "length"

    @negative @req:pairing.m2.keys
    Scenario Outline: An M2 <fault> is refused with "<code>"
      When the agent answers with an M2 <fault>
      Then the controller refuses it with "<code>"

      @req:security.key.low-order
      Examples:
        | fault                  | code          |
        | whose IKd is zero      | key-low-order |
        | whose IKd has order 8  | key-low-order |
        | whose EK_A is zero     | key-low-order |
        | whose EK_A has order 8 | key-low-order |
        | whose RK_A is one      | key-low-order |
        | whose RK_A has order 8 | key-low-order |

      @req:security.key.canonical
      Examples:
        | fault                       | code             |
        | whose IKd is not canonical  | key-noncanonical |
        | whose EK_A is not canonical | key-noncanonical |
        | whose RK_A is not canonical | key-noncanonical |

    @negative @req:pairing.m2.kem-ciphertext
    Scenario: An ML-KEM ciphertext for another key surfaces as "confirm"
      When the agent answers with an M2 with an ML-KEM ciphertext for another key
      Then the controller refuses it with "confirm"

    @negative @req:pairing.m2.confirm
    Scenario Outline: An M2 <fault> is refused with "confirm"
      When the agent answers with an M2 <fault>
      Then the controller refuses it with "confirm"

      Examples:
        | fault                                  |
        | whose confirmation has one bit changed |
        | whose confirmation is all zeros        |

    @negative @req:security.parse.order
    Scenario: The confirmation is judged before the signature
      When the agent answers with an M2 whose confirmation and signature are both wrong
      Then the controller refuses it with "confirm"

    @negative @req:pairing.m2.signature @req:pairing.controller.m2-error
    Scenario Outline: An M2 <fault> is refused with "auth-signature"
      When the agent answers with an M2 <fault>
      Then the controller refuses it with "auth-signature"

      Examples:
        | fault                                      |
        | whose transcript another key has signed    |
        | whose signature is that of a controller    |
        | whose signature is over another transcript |

  Rule: An M2 that does not open is met with silence, and the attempt goes on

    @negative @req:pairing.wrap.open @req:pairing.hs-error.silent
    Scenario Outline: An M2 <fault> changes nothing
      When the agent answers with an M2 <fault>
      Then the controller stays silent
      And a right M2 is still good

      Examples:
        | fault                                     |
        | sealed under another secret               |
        | with one bit of its sealed body changed   |
        | with one bit of its salt changed          |
        | with another suite than it was sealed for |

    @negative @req:pairing.wrap.version
    Scenario: An M2 of version 2 changes nothing
      When the agent answers with an M2 of version 2
      Then the controller stays silent
      And a right M2 is still good

    @negative @req:pairing.wrap.type
    Scenario: An M2 of a type that does not exist changes nothing
      When the agent answers with an M2 of a type that does not exist
      Then the controller stays silent
      And a right M2 is still good

    @negative @req:pairing.wrap.length
    Scenario: A handshake frame of 51 bytes changes nothing
      When the agent answers with an M2 of 51 bytes
      Then the controller stays silent
      And a right M2 is still good

  Rule: The first M2 that is accepted counts, and M3 comes only after it

    @negative @req:pairing.m3.after-m2
    Scenario: Without an M2 there is no M3
      When 10 s have passed
      Then no M3 has come

    @negative @req:pairing.m2.once
    Scenario: Another right M2 is ignored
      Given the agent answers with M2
      And the controller sends M3
      When the agent answers the same M1 with another M2
      Then no HS_ERROR has come
      And the session of the first M2 is the one that counts
