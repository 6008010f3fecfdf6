@agent
Feature: The first messages of a session
  Both sides can send at once. Until the controller has spoken, the agent has nothing to open.

  Rule: The agent begins with a sending chain and no receiving chain

    @req:session.init.agent
    Scenario: The agent speaks first
      Given a session in which the controller has not spoken yet
      Then the messages of the agent have opened with the keys of the handshake

    @negative
    Scenario Outline: A first message <fault>
      Given a session in which the controller has not spoken yet
      When the controller sends a first message <fault>
      Then the agent does nothing with it
      And the right first message is answered

      @req:session.receive.first
      Examples:
        | fault                              |
        | that claims to be in a later chain |

      @req:session.receive.empty-chain
      Examples:
        | fault                              |
        | under the key of the handshake     |

    @req:session.receive.late
    Scenario: The first message is lost
      Given a session in which the controller has not spoken yet
      When the relay loses the first message of the controller
      Then the right first message is answered
