@controller
Feature: Requests that wait, and output that is old
  A request that waits is not sealed yet: it goes out with the challenge that is newest then. What an agent
  tells is live only where it echoes a challenge of the last minute.

  Rule: A request is encrypted when it is sent

    @req:session.fresh.encrypt-late
    Scenario: The agent was away for a while
      Given a running session
      When the agent loses its connection, the controller has a call to make, and the agent comes back
      Then the request carries the newest challenge of the agent

  Rule: Output is live only where its frame echoes a challenge of the last 60 s

    @req:session.fresh.live @negative
    Scenario Outline: An event whose frame carries <what>
      Given a running session
      When the agent sends an event whose frame carries <what>
      Then the controller shows it as <how>

      Examples:
        | what                                   | how      |
        | the newest challenge                   | live     |
        | no challenge                           | not live |
        | a challenge that nobody issued         | not live |

    @req:session.fresh.live @negative
    Scenario: An event that the relay held back for 70 s
      Given a running session
      When the relay holds an event of the agent back for 70 s
      Then the controller shows it as not live
