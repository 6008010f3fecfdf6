@controller
Feature: An unplugged cable in a session, at the controller
  Between any two steps of a rekey or of a command the network or the program fails. The agent does what it should: it
  answers what comes again. Then both are in one session, and the controller has asked for one execution.

  Rule: A frame of a rekey that is lost, doubled, late or out of order does no harm

    @req:pairing.rekey.harmless @req:pairing.rekey.r2-time
    Scenario Outline: <frame> is <fault>, after which the session of before may go on
      Given a running session
      When a rekey is made, and <frame> is <fault>
      Then both are in one session
      And what was held back changes nothing

      Examples:
        | frame | fault      |
        | R1    | dropped    |
        | R1    | duplicated |
        | R1    | held back  |
        | R2    | dropped    |
        | R2    | duplicated |
        | R2    | held back  |

    @req:pairing.rekey.r3-resend @req:pairing.rekey.controller-wait @req:pairing.rekey.grace
    Scenario Outline: <frame> is <fault>
      Given a running session
      When a rekey is made, and <frame> is <fault>
      Then both are in one new session
      And what was held back changes nothing

      Examples:
        | frame                                             | fault                 |
        | R3                                                | dropped               |
        | R3                                                | duplicated            |
        | R3                                                | held back             |
        | R3                                                | swapped with the next |
        | the agent's first message in the new session      | dropped               |
        | the agent's first message in the new session      | duplicated            |
        | the agent's first message in the new session      | held back             |
        | the agent's first message in the new session      | swapped with the next |
        | the controller's first message in the new session | dropped               |
        | the controller's first message in the new session | held back             |

  Rule: A connection that is lost during a rekey is made again, and the rekey goes on or begins anew

    @req:relay.reconnect.always @req:pairing.rekey.harmless
    Scenario Outline: After <frame> the <trouble>
      Given a running session
      When a rekey is made, and after <frame> the <trouble>
      Then both are in one session

      Examples:
        | frame | trouble                             |
        | R1    | connection of the controller is cut |
        | R2    | connection of the controller is cut |
        | R2    | relay is killed and started again   |

    @req:relay.reconnect.always @req:pairing.rekey.r3-resend @req:pairing.rekey.drop-again
    Scenario Outline: After <frame> the <trouble>, when the agent has the new session
      Given a running session
      When a rekey is made, and after <frame> the <trouble>
      Then both are in one new session

      Examples:
        | frame                                        | trouble                             |
        | R3                                           | connection of the controller is cut |
        | the agent's first message in the new session | connection of the controller is cut |
        | R3                                           | relay is killed and started again   |

  Rule: A controller that is killed during a rekey has no session, and begins another

    @req:session.store.profile-v @req:pairing.rekey.triggers
    Scenario Outline: After <frame> the controller is killed
      Given a running session
      When a rekey is made, and after <frame> the controller is killed and started again
      Then both are in one new session

      Examples:
        | frame                                        |
        | R1                                           |
        | R2                                           |
        | R3                                           |
        | the agent's first message in the new session |

  Rule: A command is repeated under its id until it is answered, whatever happens to it and to its answer

    @req:rpc.message.id @req:rpc.command.no-timeout @negative
    Scenario Outline: A command, and <frame> is <fault>
      Given a running session
      When a command is given, and <frame> is <fault>
      Then the command is answered, and was executed once

      Examples:
        | frame       | fault                 |
        | the command | dropped               |
        | the command | duplicated            |
        | the command | held back             |
        | the command | swapped with the next |
        | its answer  | dropped               |
        | its answer  | duplicated            |
        | its answer  | held back             |

    @req:rpc.message.id @req:rpc.command.no-timeout @req:relay.reconnect.always @negative
    Scenario Outline: After the command the <trouble>
      Given a running session
      When a command is given, and after the command the <trouble>
      Then the command is answered, and was executed once

      Examples:
        | trouble                             |
        | connection of the controller is cut |
        | relay is killed and started again   |
