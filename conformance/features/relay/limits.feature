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
