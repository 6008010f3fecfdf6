@agent
Feature: The pairing code of an agent
  What the agent shows for a controller to scan: an address, a commitment to its identity, and a secret.

  Background:
    Given an agent under test

  Rule: The code is written in a way that fits a small QR code

    @req:pairing.qr.encoding @req:pairing.qr.layout
    Scenario: The code is upper-case base32 behind "HAPPY://"
      When the agent shows a pairing code
      Then the code is upper-case base32 behind "HAPPY://"
      And the code names this relay, a suite, and a route that is bound as open

    @req:pairing.qr.ttl @negative
    Scenario: The code does not live for more than ten minutes
      When the agent shows a pairing code
      Then the code expires within 600 s

  Rule: The secret and the route are made for one code

    @req:pairing.qr.secret
    Scenario: Two codes have nothing secret in common
      When the agent shows a pairing code, and then another one
      Then the two codes have different secrets and different routes

  Rule: A code that is over is worth nothing

    @negative @req:pairing.agent.abort
    Scenario Outline: After <end> the route of the code is given up
      Given the controller has scanned the code of the agent
      When <end>
      Then the agent has given up the route of the code

      Examples:
        | end                                                           |
        | the person gives up                                           |
        | the code expires                                              |
        | the controller sends an M1 with the route of somebody else    |
