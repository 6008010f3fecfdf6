@relay
Feature: Connecting
  A client opens a WebSocket at /v1 and offers the subprotocol of the wire version.

  Background:
    Given a relay under test

  Rule: A relay selects happy-relay.v1, and names it in its answer to the upgrade

    @req:relay.subprotocol.echo
    Scenario: The subprotocol is named in the answer
      When a client asks for an upgrade with the subprotocol "happy-relay.v1"
      Then the relay upgrades and names the subprotocol "happy-relay.v1"

    @req:relay.subprotocol.echo
    Scenario: The subprotocol is found among others
      When a client asks for an upgrade with the subprotocols "chat, happy-relay.v2, happy-relay.v1"
      Then the relay upgrades and names the subprotocol "happy-relay.v1"

  Rule: A relay refuses an upgrade that does not offer happy-relay.v1 with HTTP status 400

    @req:relay.subprotocol @negative
    Scenario: An upgrade without any subprotocol is refused
      When a client asks for an upgrade without a subprotocol
      Then the relay answers with HTTP status 400

    @req:relay.subprotocol @req:versioning.wire.refuse @negative
    Scenario: An upgrade with the subprotocol of another wire version is refused
      When a client asks for an upgrade with the subprotocol "happy-relay.v2"
      Then the relay answers with HTTP status 400

    @req:relay.subprotocol @negative
    Scenario: The name of the subprotocol is not guessed
      When a client asks for an upgrade with the subprotocols "happy-relay.v10, happy-relay, HAPPY-RELAY.V1"
      Then the relay answers with HTTP status 400

  Rule: A relay answers an upgrade to any path other than its own with HTTP status 404

    @req:relay.path
    Scenario Outline: An upgrade at <path> is answered with 404
      When a client asks for an upgrade at the path "<path>"
      Then the relay answers with HTTP status 404

      Examples:
        | path    |
        | /       |
        | /v2     |
        | /v1/v1  |
        | /v10    |
        | /relay  |

  Rule: A relay does not negotiate WebSocket compression

    @req:relay.connect.compression
    Scenario: An offer of compression is not taken
      When a client offers WebSocket compression
      Then the relay upgrades without compression
