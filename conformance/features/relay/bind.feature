@relay
Feature: Bind
  A bind proves the route key, at this relay and on this connection.

  Background:
    Given a relay under test

  Rule: Before its first valid "bind" a connection may send "bind" and "ping" only

    @req:relay.bind.first
    Scenario: A routed frame before the first bind is malformed
      Given a client that has connected
      When the client sends a frame to a route that nobody has bound
      Then the relay closes the connection of the client with 4400 "malformed"

    @req:relay.bind.first
    Scenario: An "unbind" before the first bind is malformed
      Given a client that has connected
      When the client sends "unbind" for its route
      Then the relay closes the connection of the client with 4400 "malformed"

  Rule: A valid "bind" is answered with "bound", a repeated one too, before any "presence" that it causes

    @req:relay.bind.bound @req:relay.route.id @req:security.label.form
    Scenario: A bind is answered with the route of its key
      Given a client that has connected
      When the client binds its route as open
      Then the client is told "bound" for its route

    @req:relay.bind.bound
    Scenario: The same bind again is answered again
      Given an agent that has bound its route for a controller
      When the agent binds its route for the controller
      Then the agent is told "bound" for its route

    @req:relay.bind.bound
    Scenario: "bound" comes before the presence that the bind causes
      Given an agent that has bound its route for a controller
      And a controller that has connected
      When the controller binds its route for the agent
      Then the controller is told "bound" and only then "presence"

  Rule: A "bind" is refused unless its signature verifies

    @req:relay.bind.verify @req:relay.bind.failed
    Scenario Outline: A bind <fault> is refused
      Given a client that has connected
      When the client sends a "bind" <fault>
      Then the client is told the error "unauthenticated" for that route
      And the relay closes the connection of the client with 4401

      Examples:
        | fault                                      |
        | whose signature has one bit changed        |
        | whose signature is all zeros               |
        | signed with the key of another route       |
        | signed for another peer                    |
        | signed for a peer, sent as open            |
        | signed without the label                   |
        | signed for another relay                   |
        | signed for this relay without its port     |
        | signed for the address with "/v1"          |

    @req:security.signature.scalar @req:relay.bind.verify
    Scenario: A signature whose S is not below the group order is refused
      Given a client that has connected
      When the client sends a "bind" whose signature has the group order added to S
      Then the relay closes the connection of the client with 4401 "unauthenticated"

    @req:security.signature.small-order @req:relay.bind.verify
    Scenario: A key of small order, for which anyone can sign, is refused
      Given a client that has connected
      When the client sends a "bind" with a key of small order
      Then the relay closes the connection of the client with 4401 "unauthenticated"

    @req:security.signature.canonical @req:relay.bind.verify
    Scenario: A key that is not the canonical encoding of a point is refused
      Given a client that has connected
      When the client sends a "bind" with a key that is not canonical
      Then the relay closes the connection of the client with 4401 "unauthenticated"

    @req:security.signature.cofactorless @req:relay.bind.verify
    Scenario: A signature that only verifies with the cofactor is refused
      Given a client that has connected
      When the client sends a "bind" whose signature only verifies with the cofactor
      Then the relay closes the connection of the client with 4401 "unauthenticated"

  Rule: No id or key is made from the bytes of a signature

    @req:security.signature.nondeterministic @negative
    Scenario: Two signatures that differ prove the same route
      Given an agent and a controller that have bound their routes to each other
      When the agent binds its route for the controller with another valid signature
      Then the agent is told "bound" for its route
      And frames pass between the agent and the controller

  Rule: A "bind" counts only over the nonce of its own connection

    @req:relay.bind.nonce
    Scenario: A bind made for another connection of the same client is refused
      Given a client that has connected
      When the client sends a "bind" signed over the nonce of another connection
      Then the relay closes the connection of the client with 4401 "unauthenticated"

    @req:relay.bind.nonce
    Scenario: A bind that was good on one connection is refused on the next
      Given a client that has bound an open route
      When a stranger connects and repeats the "bind" of the client
      Then the relay closes the connection of the stranger with 4401 "unauthenticated"
      And the client hears nothing

  Rule: The origins that a relay accepts come from its configuration, never from a header

    @req:relay.bind.origin
    Scenario: A bind signed for the origin in a made-up Host header is refused
      Given a client that has connected with the Host header "evil.example:80"
      When the client sends a "bind" signed for the origin "ws://evil.example:80"
      Then the relay closes the connection of the client with 4401 "unauthenticated"

    @req:relay.bind.origin
    Scenario: A made-up Host header does not spoil a bind for the true origin
      Given a client that has connected with the Host header "evil.example:80"
      When the client binds its route as open
      Then the client is told "bound" for its route

    @req:relay.bind.origin
    Scenario: A bind signed for the origin in a made-up Origin header is refused
      Given a client that has connected with the Origin header "ws://evil.example:80"
      When the client sends a "bind" signed for the origin "ws://evil.example:80"
      Then the relay closes the connection of the client with 4401 "unauthenticated"

  Rule: A refused "bind" is answered with "error", "unauthenticated" and its route

    @req:relay.bind.failed
    Scenario: The error names the route that was refused
      Given an agent that has bound its route for a controller
      When the agent sends a "bind" of its second route with a wrong signature
      Then the agent is told the error "unauthenticated" for its second route

  Rule: A connection that never had a valid "bind" is closed with 4401

    @req:relay.bind.failed-close
    Scenario: The first bind of a connection is refused
      Given a client that has connected
      When the client sends a "bind" whose signature has one bit changed
      Then the relay closes the connection of the client with 4401 "unauthenticated"

  Rule: A connection that has had a valid "bind" stays, with its routes, when another is refused

    @req:relay.bind.failed-open
    Scenario: A refused second route leaves the first as it was
      Given an agent and a controller that have bound their routes to each other
      When the agent sends a "bind" of its second route with a wrong signature
      Then the agent is told the error "unauthenticated" for its second route
      And the connection of the agent stays open
      And frames pass between the agent and the controller
      And the controller hears nothing

    @req:relay.bind.failed-open
    Scenario: A refused bind of a bound route does not change its peer
      Given an agent and a controller that have bound their routes to each other
      And a stranger that has bound its route for the agent
      When the agent sends a "bind" of its route for the stranger with a wrong signature
      Then the agent is told the error "unauthenticated" for its route
      And frames pass between the agent and the controller
      And a frame from the stranger to the agent is not delivered

  Rule: A "bind" whose peer is 16 zero bytes is malformed

    @req:relay.bind.zero-peer
    Scenario: Zero bytes are not another way to say open
      Given a client that has connected
      When the client sends a "bind" whose peer is 16 zero bytes
      Then the relay closes the connection of the client with 4400 "malformed"

  Rule: A valid "bind" of a route that is bound on the same connection replaces its peer and nothing else

    @req:relay.bind.again
    Scenario: The new peer may send, the old one may not
      Given an agent and a controller that have bound their routes to each other
      And a stranger that has bound its route for the agent
      When the agent binds its route for the stranger
      Then the agent is told "bound" for its route
      And a frame from the stranger to the agent is delivered
      And a frame from the controller to the agent is not delivered

    @req:relay.bind.again
    Scenario: An open route that is bound with a peer is open no more
      Given an agent that has bound an open route
      And a controller that has bound its route for the agent
      And a stranger that has bound its route for the agent
      When the agent binds its route for the controller
      Then the agent is told "bound" for its route
      And a frame from the controller to the agent is delivered
      And a frame from the stranger to the agent is not delivered

    @req:relay.bind.again
    Scenario: The other routes of the connection go on
      Given an agent and a controller that have bound their routes to each other
      And the agent has bound its second route for a phone
      When the agent binds its second route for a stranger
      Then the connection of the agent stays open
      And frames pass between the agent and the controller

  Rule: A connection has at most 64 routes

    @req:relay.bind.routes
    Scenario: The 65th route is refused, and the 64 stay
      Given an agent and a controller that have bound their routes to each other
      And the agent has bound 63 more routes
      When the agent binds one route more
      Then the agent is told the error "rate-limited" for that route
      And the connection of the agent stays open
      And frames pass between the agent and the controller

    @req:relay.bind.routes
    Scenario: With 64 routes, one of them can be bound again
      Given an agent and a controller that have bound their routes to each other
      And the agent has bound 63 more routes
      When the agent binds its route for the controller
      Then the agent is told "bound" for its route
