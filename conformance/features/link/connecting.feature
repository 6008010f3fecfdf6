@agent @controller
Feature: Connecting to a relay
  What a program does as a client of a relay, before anything is sealed.

  Rule: The connection is opened at the path of the pairing, with the subprotocol

    @req:relay.connect.path
    Scenario: At the path "/v1", with "happy-relay.v1"
      Given a running session
      Then the program has dialled the path "/v1" with the subprotocol "happy-relay.v1"

    @req:relay.connect.path
    Scenario: A relay with a path of its own
      Given a relay whose address has the path "/team/a"
      And a running session
      Then the program has dialled the path "/team/a/v1" with the subprotocol "happy-relay.v1"

  @negative
  Rule: A relay that cannot be used is left

    Scenario Outline: A relay <fault>
      Given a running session
      When the program loses its connection, and the relay it comes back to <fault>
      Then the program leaves the relay without a "bind"

      @req:relay.hello.max-frame-client
      Examples:
        | fault                          |
        | has a maxFrame of 262399 bytes |

      @req:relay.hello.protocol-client @req:versioning.wire.refuse
      Examples:
        | fault             |
        | speaks protocol 2 |

  Rule: A route is bound with a signature over exactly this relay and this connection

    @req:relay.bind.signature @req:relay.route.id @req:security.label.form
    Scenario: On each connection another bind, and all of them verify
      Given a running session
      When the program loses its connection, and comes back
      Then every "bind" of the program has verified
      And no signature is used on two connections

  @negative
  Rule: A client sends no text larger than 4,096 bytes, and no frame larger than maxFrame

    @req:relay.text.size-client @req:relay.frame.layout @req:relay.frame.max-client
    Scenario: Whatever it has to say
      Given a running session of a program that can say what it is told
      When the program has 2 bodies of 600000 bytes to send, which arrive
      And 31 s pass by the clocks of the program
      Then no text of the program was larger than 4096 bytes
      And every frame of the program was a routed frame of at most maxFrame bytes, from its route to that of the peer

  @negative
  Rule: The relay does not learn who the program is

    @req:relay.route.no-identity
    Scenario: Neither the device id nor an identity key in clear
      Given a running session
      When a rekey makes a new session
      Then the relay has seen neither the device id nor a key of the identity of the program
