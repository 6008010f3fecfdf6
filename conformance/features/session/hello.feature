@agent @controller
Feature: Hello
  With "hello" each side asks the other to echo a new challenge. That the peer lives is shown by nothing else.

  Rule: "hello" goes out when the peer comes online, and first in a new session

    @req:session.hello.connect
    Scenario: The peer comes back
      Given a running session
      When the peer loses its connection, and comes back
      Then the program sends "hello"

    @req:session.hello.connect
    Scenario: The program's own connection was lost
      Given a running session
      When the program loses its connection, and comes back
      Then the program sends "hello"

  Rule: "hello" goes out every 30 s while the peer is present

    @req:session.hello.interval
    Scenario: A quiet session
      Given a running session
      When 95 s pass by the clocks of the program
      Then the program has sent "hello" every 30 s

    @req:session.hello.interval
    Scenario Outline: The wall clock of the program jumps a day <way>
      Given a running session
      When the wall clock of the program jumps a day <way>
      And 65 s pass by the clocks of the program
      Then the program has sent "hello" every 30 s
      And in the end a call is made and answered

      Examples:
        | way     |
        | forward |
        | back    |

    @req:session.hello.interval
    Scenario: A peer that left more than 60 s ago
      Given a running session
      When the peer loses its connection for good
      And 70 s pass by the clocks of the program
      Then in the next 60 s the program sends nothing

  Rule: The challenge is new each time, and the suites are told

    @req:session.hello.challenge
    Scenario: Four times hello, four challenges
      Given a running session
      When 125 s pass by the clocks of the program
      Then each "hello" of the program has another challenge

    @req:session.hello.suites
    Scenario: The suites that the program supports
      Given a running session
      When the peer loses its connection, and comes back
      Then the "hello" of the program names the suites that it named at pairing
