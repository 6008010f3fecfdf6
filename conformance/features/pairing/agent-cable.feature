@agent
Feature: An unplugged cable, at the agent
  Between any two steps of a pairing the network or the program fails. The controller does what it should:
  it sends again what was not answered. Then both are paired, or nobody is.

  Rule: A frame that is lost, doubled, late or out of order does no harm

    @req:pairing.m1.repeat @req:pairing.agent.repeated-m3 @req:pairing.agent.complete
    Scenario Outline: <frame> is <fault>
      Given an agent under test
      And a relay on which <frame> is <fault>
      When a patient controller pairs with the agent
      Then the agent is paired with the controller
      And the session works

      Examples:
        | frame                            | fault                 |
        | M1                               | dropped               |
        | M1                               | duplicated            |
        | M1                               | delayed               |
        | M2                               | dropped               |
        | M2                               | duplicated            |
        | M2                               | held back             |
        | M2                               | delayed               |
        | M3                               | dropped               |
        | M3                               | duplicated            |
        | M3                               | held back             |
        | M3                               | swapped with the next |
        | the first message of the agent   | dropped               |
        | the first message of the agent   | duplicated            |
        | the first message of the agent   | held back             |
        | the first message of the agent   | swapped with the next |
        | the first message of the controller | dropped            |
        | the first message of the controller | duplicated         |
        | the first message of the controller | delayed            |

  Rule: A lost connection is made again in every state, and the state stays

    @req:pairing.agent.complete @req:pairing.m1.repeat @long
    Scenario Outline: The agent's connection is cut after <step>
      Given an agent under test
      And the agent's connection will be cut after <step>
      When a patient controller pairs with the agent
      Then the agent is paired with the controller
      And the session works

      Examples:
        | step   |
        | M2     |
        | M3     |
        | commit |

  Rule: An agent that is killed is paired if it had stored the pairing, and else not at all

    @negative @req:pairing.agent.nothing-before
    Scenario Outline: The agent is killed after <step>
      Given an agent under test that keeps what it stores
      When a controller has come as far as <step>
      And the agent loses power and is started again
      Then the agent lists no device
      And the agent binds no route

      Examples:
        | step |
        | M1   |
        | M2   |
        | M3   |

    @req:pairing.agent.commit @req:pairing.rekey-ask.when
    Scenario: The agent is killed after the commit
      Given an agent under test that keeps what it stores
      When a controller has come as far as commit
      And the agent loses power and is started again
      Then the agent lists the controller
      And the agent asks for a rekey with REKEY_ASK
