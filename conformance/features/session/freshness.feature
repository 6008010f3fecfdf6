@agent
Feature: Freshness
  Encryption does not tell when a message was sent. So a request is executed only where it echoes a
  challenge that the agent issued a moment ago. The command below starts a terminal, which all can see.

  @negative
  Rule: A request without a challenge of this agent is answered "stale", and not executed

    @req:session.fresh.challenge @req:session.fresh.stale-data
    Scenario Outline: A command that carries <what>
      Given a running session
      When the controller sends a command that carries <what>
      Then the agent answers it "stale", with a new challenge
      And it has not executed it

      Examples:
        | what                                    |
        | no challenge                            |
        | a challenge that the agent never issued |
        | the controller's own challenge          |

    @req:session.fresh.challenge
    Scenario: The eighth newest challenge still counts, the ninth does not
      Given a running session
      When the agent has issued 9 challenges
      Then a command that carries the second oldest of them is executed
      And a command that carries the oldest of them is answered "stale"

  @negative
  Rule: A challenge is good for 120 s

    @req:session.fresh.age
    Scenario Outline: A command with a challenge that is <age> s old
      Given a running session
      When <age> s pass by the clocks of the agent, while the controller keeps its challenge
      And the controller sends a command that carries that challenge
      Then the agent <does>

      Examples:
        | age | does                                     |
        | 110 | executes it                              |
        | 125 | answers it "stale", with a new challenge |

    @req:session.fresh.age
    Scenario: A challenge from the future of the wall clock
      Given a running session
      When the wall clock of the agent is set 4 s back
      And the controller sends a command that carries that challenge
      Then the agent answers it "stale", with a new challenge

  Rule: "stale" tells a new challenge, which counts like that of a "hello"

    @req:session.fresh.stale-data
    Scenario: Asking again with the challenge of the answer
      Given a running session
      When the controller sends a command that carries no challenge
      And sends it again with the challenge of the answer
      Then the agent executes it

  @negative
  Rule: Challenges of an earlier connection are void

    @req:session.fresh.connection
    Scenario: The agent's connection was lost in between
      Given a running session
      When the agent loses its connection and comes back, while the controller keeps its challenge
      And the controller sends a command that carries that challenge
      Then the agent answers it "stale", with a new challenge
      And it has not executed it

    @req:session.persist.stale @req:session.fresh.connection
    Scenario: A command of before a restart
      Given a running session
      When the relay holds a command back until the agent was killed and started again
      Then it has not executed it

  Rule: Clocks that drift apart by more than 5 s void every challenge, and a "hello" goes out

    @req:session.fresh.drift @negative
    Scenario Outline: The wall clock of the agent is set <seconds> s <way>
      Given a running session
      When the wall clock of the agent is set <seconds> s <way>
      And the controller sends a command that carries that challenge
      Then the agent answers it "stale", with a new challenge
      And it has sent "hello" before

      Examples:
        | seconds | way     |
        | 6       | forward |
        | 6       | back    |
        | 3600    | forward |

    @req:session.fresh.drift
    Scenario: The wall clock is corrected by 4 s
      Given a running session
      When the wall clock of the agent is set 4 s forward
      And the controller sends a command that carries that challenge
      Then the agent executes it

  Rule: What asks for nothing needs no challenge

    @req:session.fresh.exempt
    Scenario: A "hello" without a challenge is taken
      Given a running session
      When the controller sends "hello" in a frame without a challenge
      And a call is made and answered
      Then the frames of the program carry that challenge

    @req:session.fresh.exempt
    Scenario: The chunks of a body need no challenge, its request does
      Given a running session
      When the controller sends a large command whose chunks carry no challenge
      Then the agent executes it
