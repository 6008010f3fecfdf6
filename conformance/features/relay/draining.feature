@relay
Feature: Draining and health
  A relay that is about to stop says so first.

  Rule: A relay that stops on purpose sends "draining" on every connection before it closes it with 1001

    @req:relay.drain
    Scenario: Every client is told, bound or not
      Given a relay under test
      And an agent and a controller that have bound their routes to each other
      And a client that has connected
      When the relay is told to stop
      Then the agent is told "draining"
      And the controller is told "draining"
      And the client is told "draining"

    @req:relay.drain.close
    Scenario: Every connection is closed with 1001
      Given a relay under test
      And an agent and a controller that have bound their routes to each other
      When the relay is told to stop
      Then the relay closes the connection of the agent with 1001 within 30 s
      And the relay closes the connection of the controller with 1001 within 30 s

    @req:relay.drain.close
    Scenario: A client that never answers a close does not hold the relay up
      Given a relay under test
      And a client that has connected and will not answer a close
      When the relay is told to stop
      Then the relay ends the connection of that client within 30 s
      And the relay has stopped

  Rule: A relay that is draining refuses new upgrades with HTTP status 503

    @req:relay.drain.new @negative
    Scenario: A client that comes while the relay drains
      Given a relay under test that drains for 3 s
      And an agent that has bound its route for a controller
      When the relay is told to stop
      And the agent is told "draining"
      Then an upgrade is answered with HTTP status 503

  Rule: GET /healthz is answered with 200 while the relay accepts connections and 503 while it drains

    @req:relay.health.ok
    Scenario: A relay that accepts connections is healthy
      Given a relay under test
      Then GET /healthz is answered with HTTP status 200

    @req:relay.health.ok
    Scenario: A relay that drains is not
      Given a relay under test that drains for 3 s
      And an agent that has bound its route for a controller
      When the relay is told to stop
      And the agent is told "draining"
      Then GET /healthz is answered with HTTP status 503
