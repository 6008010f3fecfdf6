@agent
Feature: Requests
  An agent looks at a request in a fixed order, and the first check that fails gives the answer.

  Background:
    Given an agent under test, with an assistant
    And a controller that is paired with it

  Rule: A method that the agent does not have is "unknown-method"

    @req:rpc.request.unknown-method @req:versioning.feature.absent
    Scenario: Methods that there are not
      Then each of these is answered with the error "unknown-method"
        | method                | params |
        | no.such.method        | {}     |
        | agent.Info            | {}     |
        | constructor           | {}     |
        | __proto__             | {}     |
        | claude.state          | {}     |
        | unstable-agent.future | {}     |

  Rule: Without the capability of a method the answer is "forbidden", before the params are looked at

    @req:rpc.request.forbidden @req:versioning.feature.absent @negative
    Scenario: A controller that may do nothing, with params that do not fit
      Given a second controller that may only "files"
      Then each of these of the second controller is answered with the error "forbidden" and the capability
        | method                   | capability |
        | agent.info               | observe    |
        | claude.getStatus         | observe    |
        | claude.sendMessage       | prompt     |
        | claude.cancel            | prompt     |
        | claude.listConversations | observe    |
        | claude.openConversation  | prompt     |
        | permission.answer        | approve    |
        | question.answer          | approve    |
        | terminal.open            | terminal   |
        | terminal.attach          | terminal   |
        | terminal.write           | terminal   |
        | terminal.resize          | terminal   |
        | terminal.close           | terminal   |
        | terminal.list            | terminal   |
        | stream.credit            | observe    |
        | session.revoke           | observe    |
        | device.list              | observe    |
        | git.status               | git        |
        | git.diff                 | git        |
        | git.log                  | git        |
        | git.show                 | git        |
        | git.commit               | git        |
        | git.push                 | git.push   |

  Rule: Params that do not fit the schema of the method are "invalid-params"

    @req:rpc.request.invalid-params
    Scenario: Params that do not fit
      Then each of these is answered with the error "invalid-params"
        | method                   | params                                    |
        | terminal.open            | {"cols": 80}                              |
        | terminal.open            | {"cols": 0, "rows": 24}                   |
        | terminal.open            | {"cols": 1001, "rows": 24}                |
        | terminal.open            | {"cols": "80", "rows": 24}                |
        | terminal.open            | {"cols": 80, "rows": 24, "command": []}   |
        | terminal.open            | {"cols": 80, "rows": 24, "command": "ls"} |
        | claude.sendMessage       | {}                                        |
        | claude.sendMessage       | {"prompt": ""}                            |
        | claude.sendMessage       | {"prompt": 7}                             |
        | claude.cancel            | {"scope": "everything"}                   |
        | claude.listConversations | {}                                        |
        | claude.openConversation  | {"id": "the last one"}                    |
        | permission.answer        | {"requestId": "1", "option": "allow"}     |
        | question.answer          | {"requestId": "1", "answers": []}         |
        | session.revoke           | {"deviceId": "me"}                        |
        | stream.credit            | {"streamId": 0, "upTo": 1}                |
        | terminal.attach          | {"terminalId": "1"}                       |
      And the agent has opened no terminal

  Rule: The first check that fails gives the answer

    @req:rpc.request.unknown-method @req:rpc.request.invalid-params @req:session.fresh.challenge
    Scenario: "stale" comes after the method and the params, and before what the method itself would answer
      Then each of these without a fresh challenge is answered with the error
        | method          | params                                                | error          |
        | no.such.method  | {}                                                    | unknown-method |
        | terminal.attach | {}                                                    | invalid-params |
        | terminal.attach | {"terminalId":"00000000-0000-4000-8000-000000000000"} | stale          |
        | agent.info      | {}                                                    | stale          |

    @req:rpc.request.forbidden @negative
    Scenario: "forbidden" comes before "stale"
      Given a second controller that may only "observe"
      When the second controller calls "terminal.list" without a fresh challenge
      Then the second controller is answered with the error "forbidden"

    @req:rpc.command.conflict
    Scenario: "conflict" of a used id comes before "stale"
      Given the controller has opened a terminal that runs "cat"
      When the controller sends the same request again, with one row more and without a fresh challenge
      Then the controller is answered with the error "conflict"

  Rule: A request that comes late is not executed, but answered "stale"

    @req:rpc.request.late @req:rpc.command.unrecorded @negative
    Scenario: A command that was overtaken is executed when it is sent again
      When the controller opens a terminal, and the relay lets a later request overtake it
      Then the controller is answered with the error "stale"
      And the agent has opened no terminal
      When the controller sends the same request again
      Then the controller is answered with a result
      And the agent has opened 1 terminal

    @req:rpc.request.late @negative
    Scenario: A read that was overtaken is not answered with its result
      When the controller calls "agent.info", and the relay lets a later request overtake it
      Then the controller is answered with the error "stale"

  Rule: Each request is answered exactly once for each time that it arrives

    @req:rpc.request.answer
    Scenario: Five arrivals get five answers
      Then each of these is answered 5 times when it is sent 5 times
        | method         | params                                       |
        | agent.info     | {}                                           |
        | terminal.open  | {"cols": 80, "rows": 24, "command": ["cat"]} |
        | no.such.method | {}                                           |
        | terminal.close | {}                                           |

  Rule: The execution of requests begins in the order in which they arrived

    @req:rpc.request.order
    Scenario: Forty writes that do not wait for each other
      Given the controller has opened a terminal that runs "cat"
      When the controller types 40 letters, each in a request of its own, without waiting
      Then each "terminal.write" is accepted
      And the terminal shows the 40 letters in their order
