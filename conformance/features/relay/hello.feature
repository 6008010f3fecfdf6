@relay
Feature: Hello
  The first message of every connection says what a bind signs and how large a frame may be.

  Background:
    Given a relay under test

  Rule: The first frame that a relay sends on a connection is "hello"

    @req:relay.hello.first
    Scenario: A client that only listens hears "hello" first
      When a client connects
      Then the first thing that the client hears is "hello"

    @req:relay.hello.first
    Scenario: A client that asks at once hears "hello" before the answer
      When a client connects and sends "ping" without waiting
      Then the client is told "pong"
      And the first thing that the client hears is "hello"

  Rule: The nonce of a "hello" is 32 random bytes made for this connection alone

    @req:relay.hello.nonce
    Scenario: No two connections get the same nonce
      When 20 clients connect
      Then each of them is told another nonce

  Rule: The maxFrame of a "hello" is at least 262,400

    @req:relay.hello.max-frame
    Scenario: The relay takes frames of 262,400 bytes or more
      When a client connects
      Then the "hello" of the client offers frames of at least 262400 bytes

  Rule: What is not part of this specification has a name that begins with "unstable-"

    @req:versioning.feature.unstable
    Scenario: The relay announces nothing under a name of its own
      When a client connects
      Then the "hello" of the client has no member of its own, unless it begins with "unstable-"
