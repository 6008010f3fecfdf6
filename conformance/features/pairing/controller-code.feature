@controller
Feature: The pairing code, at the controller
  What the person scans or pastes. A code that is wrong is refused before anything is sent.

  Background:
    Given a controller under test

  Rule: A code may be spelt in either case and with white space around it

    @req:pairing.qr.case
    Scenario Outline: A code <spelling> is read all the same
      When the person scans a code <spelling>
      Then the controller sends M1

      Examples:
        | spelling            |
        | in lower case       |
        | in mixed case       |
        | between white space |

    @informational @req:pairing.qr.slash
    Scenario: A code with a slash behind it
      When the person scans a code with a slash behind it
      Then it is recorded whether the controller takes it

  Rule: A code that is wrong is refused, and nothing is sent

    @negative @req:pairing.qr.strict
    Scenario Outline: A code <fault> is refused with "qr-encoding"
      When the person scans a code <fault>
      Then the controller refuses the code with "qr-encoding"

      Examples:
        | fault                                   |
        | with another scheme                     |
        | without a scheme                        |
        | with the digit 1 in it                  |
        | with a space in it                      |
        | with padding behind it                  |
        | with one character more than bytes fill |

    @negative @req:pairing.qr.version
    Scenario: A code of another version is refused
      When the person scans a code of another version
      Then the controller refuses the code with "qr-version"

    @negative @req:pairing.qr.length
    Scenario Outline: A code <fault> is refused with "qr-length"
      When the person scans a code <fault>
      Then the controller refuses the code with "qr-length"

      Examples:
        | fault                      |
        | with one byte too few      |
        | with one byte too many     |
        | that ends before the relay |
        | whose relay has no length  |

    @negative @req:pairing.qr.flags
    Scenario: A code with a reserved flag set is refused
      When the person scans a code with a reserved flag set
      Then the controller refuses the code with "type"

    @negative @req:pairing.qr.suites
    Scenario: A code without a suite that anybody knows is refused
      When the person scans a code that offers no suite which anybody knows
      Then the controller refuses the code with "suite"

    @negative @req:pairing.qr.relay
    Scenario Outline: A code <fault> is refused with "qr-encoding"
      When the person scans a code <fault>
      Then the controller refuses the code with "qr-encoding"

      Examples:
        | fault                                |
        | whose relay has no host              |
        | whose relay has an upper-case host   |
        | whose relay has the port 0           |
        | whose relay has a scheme of its own  |
        | whose relay has a query              |
        | whose relay has a path with two dots |

    @negative @req:pairing.qr.insecure
    Scenario Outline: A code <fault> is refused with "qr-insecure"
      When the person scans a code <fault>
      Then the controller refuses the code with "qr-insecure"

      Examples:
        | fault                                      |
        | whose relay is public and without TLS      |
        | whose relay is a public address without TLS |

  Rule: A clock may be wrong by five minutes

    @req:pairing.qr.expiry
    Scenario: A code that expired four minutes ago is used
      When the person scans a code that expired 240 s ago
      Then the controller sends M1

    @negative @req:pairing.qr.expiry
    Scenario: A code that expired six minutes ago is refused
      When the person scans a code that expired 360 s ago
      Then the controller refuses the code with "qr-expired"
