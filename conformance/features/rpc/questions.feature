@agent
Feature: Questions
  The assistant wants to know something, and whoever is there answers with values, once.

  Background:
    Given an agent under test, with an assistant
    And a controller that is paired with it

  Rule: "question.requested" goes at once to every controller with "observe", and the question waits until it has an outcome

    @req:rpc.question.requested @req:rpc.claude.state
    Scenario: Whoever may observe is asked, and whoever comes later finds the question
      Given a second controller that may only "observe"
      When the controller gives the prompt "ask a question"
      Then both controllers are told "question.requested" with each field that the assistant asks for
      Given a third controller that is paired with it
      Then "claude.getStatus" lists the question to each of them, and needs an answer
      When the controller answers it by "question.answer" with {"branch": "main", "size": "small"}
      Then "claude.getStatus" lists no question

  Rule: Answers that do not fit are "invalid-params" with the name of the field, and the question stays open

    @req:rpc.question.values @req:rpc.question.handed
    Scenario: Values that miss what a field asks for, by a little and by far
      Given the controller has given the prompt "ask a question"
      Then each of these by "question.answer" is answered with the error "invalid-params" and the field
        | answers                                                       | field  |
        | {"branch": "main"}                                            | size   |
        | {"size": "small"}                                             | branch |
        | {"branch": "m", "size": "small"}                              | branch |
        | {"branch": "main-main", "size": "small"}                      | branch |
        | {"branch": 7, "size": "small"}                                | branch |
        | {"branch": "main", "size": "medium"}                          | size   |
        | {"branch": "main", "size": ["small"]}                         | size   |
        | {"branch": "main", "size": "small", "tries": 0}               | tries  |
        | {"branch": "main", "size": "small", "tries": 6}               | tries  |
        | {"branch": "main", "size": "small", "tries": 1.5}             | tries  |
        | {"branch": "main", "size": "small", "tries": "3"}             | tries  |
        | {"branch": "main", "size": "small", "share": 0.51}            | share  |
        | {"branch": "main", "size": "small", "sure": "yes"}            | sure   |
        | {"branch": "main", "size": "small", "parts": []}              | parts  |
        | {"branch": "main", "size": "small", "parts": ["docs","docs"]} | parts  |
        | {"branch": "main", "size": "small", "parts": ["code"]}        | parts  |
        | {"branch": "main", "size": "small", "parts": "docs"}          | parts  |
        | {"branch": "main", "size": "small", "colour": "red"}          | colour |
      And "claude.getStatus" lists the question to each of them, and needs an answer
      When the controller answers it by "question.answer" with the value of "branch" twice
      Then the controller is answered with the error "invalid-params"
      When the controller answers it by "question.answer" with {"branch": "größer🦊", "size": "large"}
      Then the assistant then says that it was given {"branch": "größer🦊", "size": "large"}

    @req:rpc.question.handed
    Scenario: Values of every type arrive as they are
      Given the controller has given the prompt "ask a question"
      When the controller answers it by "question.answer" with {"branch": "a\"b\\", "size": "small", "tries": 5, "share": -0.5, "sure": false, "parts": ["rest", "docs"]}
      Then the assistant then says that it was given {"branch": "a\"b\\", "size": "small", "tries": 5, "share": -0.5, "sure": false, "parts": ["rest", "docs"]}

  Rule: Null declines, and the assistant is told so

    @req:rpc.question.declined @req:rpc.question.resolved
    Scenario: A person does not want to say
      Given a second controller that may only "observe"
      And the controller has given the prompt "ask a question"
      When the controller declines it by "question.answer"
      Then "question.resolved" tells both controllers that the controller has "declined" it
      And the assistant then says "declined"

  Rule: The first answer counts, and later ones are a "conflict" with the resolution

    @req:rpc.question.first-wins
    Scenario: Two controllers answer
      Given a second controller that is paired with it
      And the controller has given the prompt "ask a question"
      When the controller answers it by "question.answer" with {"branch": "one", "size": "small"}
      And the second controller answers it by "question.answer" with {"branch": "two", "size": "large"}
      Then the second controller is answered with the error "conflict" and that the controller has "answered" it
      And the assistant then says that it was given {"branch": "one", "size": "small"}

  Rule: An answer to a question that is not known is "not-found"

    @req:rpc.question.unknown @negative
    Scenario: Nobody has asked
      When the controller answers by "question.answer" what nobody has asked
      Then the controller is answered with the error "not-found"

  Rule: After expiresAt an answer is "expired"

    @req:rpc.question.expired @req:rpc.question.resolved @negative
    Scenario: Nobody answered in time
      Given an agent under test, whose permission requests expire
      And a controller that is paired with it
      And the controller has given the prompt "ask a question"
      When the time of the question is over
      Then "question.resolved" tells the controller that "local" has "expired" it
      When the controller answers it by "question.answer" with {"branch": "main", "size": "small"}
      Then the controller is answered with the error "expired"
      And the assistant then says "cancelled"

  Rule: "question.resolved" goes to every controller with "observe"

    @req:rpc.question.resolved
    Scenario: A controller answers, and a turn is cancelled
      Given a second controller that may only "observe"
      And the controller has given the prompt "ask a question"
      When the controller answers it by "question.answer" with {"branch": "main", "size": "small"}
      Then "question.resolved" tells both controllers that the controller has "answered" it
      Given the controller has given the prompt "ask a question"
      And the controller has been asked by "question.requested"
      When the controller cancels the turn
      Then "question.resolved" tells both controllers that the controller has "cancelled" it

    @req:rpc.question.resolved
    Scenario: The assistant takes its question back, and dies while another waits
      When the controller gives the prompt "ask a question, and take it back"
      Then "question.resolved" tells the controller that "local" has "cancelled" it
      When the controller gives the prompt "ask a question, and crash"
      Then "question.resolved" tells the controller that "local" has "orphaned" it
      And the controller is told that the prompt is "failed"

  Rule: A paused agent lets a question be declined, and not answered

    @req:rpc.pause.refuses @req:rpc.pause.goes-on
    Scenario: Nothing but a refusal passes
      Given the controller has given the prompt "ask a question"
      And the controller has been asked by "question.requested"
      And the controller has paused the agent with "session.pause"
      When the controller answers it by "question.answer" with {"branch": "main", "size": "small"}
      Then the controller is answered with the error "paused"
      And "claude.getStatus" lists the question to each of them, and needs an answer
      When the controller declines it by "question.answer"
      Then "question.resolved" tells both controllers that the controller has "declined" it
      And the assistant then says "declined"

  Rule: A question that waited when the agent was killed has an end in the journal of the next run

    @req:rpc.journal.left-behind
    Scenario: The agent is killed while a question waits
      Given the controller has given the prompt "ask a question"
      And the controller has been asked by "question.requested"
      When the agent is killed, and runs again
      Then the question ends in the journal by "question.resolved" as "orphaned"
      And "claude.getStatus" lists no question
