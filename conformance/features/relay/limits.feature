@relay
Feature: Limits
  A relay bounds what one client can cost the others.

  Rule: A frame to a connection with more than 4 MiB unsent is dropped, and answered as not delivered

    @req:relay.slow @req:relay.failed.uniform @negative
    Scenario: A client that does not read makes its peer wait, not the relay
      Given a relay under test
      And an agent and a controller that have bound their routes to each other
      When the controller stops reading, and the agent sends it 48 MiB in numbered frames
      Then the agent is told that a frame was not delivered, as for a route that nobody has bound
      And the controller, when it reads again, gets some of the frames, once each, in their order

  Rule: Connections and binds per network address are limited; a connection beyond is closed with 4429

    @req:relay.bind.rate
    Scenario: More connections than the relay allows
      Given a relay under test that allows 5 new connections a second
      When 40 clients connect at once
      Then some of them are closed with 4429 "rate-limited", or refused with HTTP status 429 or 503

    @req:relay.bind.rate @req:relay.error.first @req:relay.close.code
    Scenario: More binds than the relay allows
      Given a relay under test that allows 5 binds a second
      And a client that has connected
      When the client binds 60 different routes at once, giving each up again
      Then the relay closes the connection of the client with 4429 "rate-limited"

  Rule: The address of a client is not taken from a header that anybody may write

    @req:relay.address.forwarded @negative
    Scenario Outline: A client that claims another address with each connection, by <header>
      Given a relay under test that allows 5 new connections a second
      When 40 clients connect at once, each with another address in the header "<header>"
      Then some of them are closed with 4429 "rate-limited", or refused with HTTP status 429 or 503

      Examples:
        | header          |
        | X-Forwarded-For |
        | Forwarded       |
        | X-Real-IP       |

  Rule: A relay with more unsent than its bound refuses new upgrades with HTTP status 503

    @req:relay.memory.new @negative
    Scenario: A client that does not read fills the memory
      Given a relay under test that keeps 65536 bytes unsent at most
      And an agent and a controller that have bound their routes to each other
      When the controller stops reading, and the agent sends it 48 MiB in numbered frames
      Then an upgrade is answered with HTTP status 503 soon
      And the controller, when it reads again, gets some of the frames, once each, in their order
      And an upgrade is answered with HTTP status 101 soon

  Rule: A relay ends a connection whose upgrade request is not complete after 30 s

    @req:relay.upgrade.time @long
    Scenario: A request that never ends
      Given a relay under test
      When a client begins a request, and adds a header to it every second
      Then the relay ends the connection of that client within 33 s

  Rule: An upgrade request with a head of more than 128 KiB is not accepted

    @req:relay.upgrade.size @negative
    Scenario: A request with a very long header
      Given a relay under test
      When a client asks for an upgrade with a header of 200000 bytes
      Then the relay does not upgrade

  Rule: A connection that exceeds a limit on frames, bytes or messages is closed with 4429

    @req:relay.rate @req:relay.error.first @req:relay.close.code
    Scenario: More messages than the relay allows
      Given a relay under test that allows 10 messages a second
      And an agent that has bound its route for a controller
      When the agent sends 200 "ping" at once
      Then the relay closes the connection of the agent with 4429 "rate-limited"

  Rule: Payloads, keys and whole routes are not written to a log

    @req:relay.privacy.log @req:security.secret.quiet @negative
    Scenario: What the relay writes while clients bind, send, fail and leave
      Given a relay under test whose log can be read
      And an agent and a controller that have bound their routes to each other
      And the agent and the controller have done right and wrong things, and left
      Then nothing that the relay wrote contains a payload, a key or a route
