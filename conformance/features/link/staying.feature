@agent @controller
Feature: Staying connected, and coming back
  A connection that is lost is made again, by itself, and without all clients coming at once.

  Rule: "ping" goes out every 15 s, and a relay from which nothing comes for 60 s is given up

    @req:relay.ping.interval
    Scenario: A quiet connection
      Given a running session
      When the program has been connected for 50 s
      Then it has sent "ping" every 15 s

    @req:relay.ping.dead
    Scenario: A relay that stops answering
      Given a running session
      When the relay falls silent without closing anything
      Then the program gives it up after 60 s

    @req:relay.ping.dead
    Scenario: A relay that accepts the connection and says nothing
      Given a running session
      When the program loses its connection, and the relay it comes back to says nothing
      Then the program dials again within 60 s

    @req:relay.ping.dead
    Scenario: A relay that only answers "ping" is alive
      Given a running session
      When the peer loses its connection for good
      And 90 s pass by the clocks of the program
      Then the program is still on its connection

  Rule: After a close of its connection a client comes back

    @req:relay.reconnect.always
    Scenario Outline: The relay <how>
      Given a running session
      When the relay <how>
      Then the program comes back, and binds its route again
      And a call is made and answered

      Examples:
        | how                                    |
        | closes the connection with 1000        |
        | closes the connection with 1011        |
        | closes the connection with 4400        |
        | closes the connection with 4408        |
        | closes the connection with 4429        |
        | cuts the connection without a close    |
        | refuses the program with HTTP 503 once |
        | crashes, and is there again            |

  @negative
  Rule: Not after 4401 and 4409, before the person asks for it

    @req:relay.reconnect.superseded
    Scenario Outline: The relay <how>
      Given a running session
      When the relay <how>
      Then the program has not come back after 120 s

      Examples:
        | how                             |
        | closes the connection with 4401 |
        | closes the connection with 4409 |

  @negative
  Rule: A route that is in use elsewhere, or was refused, is not bound again

    @req:relay.reconnect.route
    Scenario Outline: The relay says <code> of the route
      Given a running session
      When the relay sends the program the error <code> for its route
      Then the program does not bind that route again

      Examples:
        | code              |
        | "superseded"      |
        | "unauthenticated" |

  Rule: The delay before the k-th attempt is random, between 0 and 1 s, 2 s, 4 s … 30 s

    @req:relay.reconnect.backoff @long
    Scenario: A relay that is gone for a while
      Given a running session
      When the relay refuses every connection for 180 s
      Then no attempt of the program came later than the rule allows
      And their delays are random

  Rule: A client that was told "draining" waits as long as it was told

    @req:relay.drain.client @negative
    Scenario: "draining", and 20 s to wait
      Given a running session
      When the relay sends the program "draining" with 20000 ms, and closes with 1001
      Then the program comes back after 20 s, and not before
