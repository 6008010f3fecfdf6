@agent
Feature: Permissions
  The assistant asks, and whoever is there answers, once.

  Background:
    Given an agent under test, with an assistant
    And a controller that is paired with it

  Rule: "permission.requested" goes at once to every controller with "observe", and the request is pending until it has an outcome

    @req:rpc.permission.requested
    Scenario: Whoever may observe is asked, and whoever comes later finds the request
      Given a second controller that may only "observe"
      When the controller gives the prompt "ask"
      Then both controllers are told "permission.requested"
      Given a third controller that is paired with it
      Then "claude.getStatus" lists the request as pending to each of them
      When the controller answers "allow"
      Then "claude.getStatus" lists nothing as pending

  Rule: What is too large to be shown whole is refused by the agent, which tells so

    @req:rpc.permission.large @negative
    Scenario: An input of a million characters
      When the controller gives the prompt "ask with 1,000,000 characters of input"
      Then the assistant then says "denied"
      And the controller is told in a message of the role "other" that something was refused
      And nobody was asked

    @req:rpc.permission.large
    Scenario: Two requests, the second of which has no room beside the first
      When the controller gives the prompt "ask twice, with 600,000 characters of input each"
      Then the assistant then says "denied"
      And the controller is told in a message of the role "other" that something was refused
      And the controller was asked once

    @req:rpc.permission.large @negative
    Scenario: A question of a million characters
      When the controller gives the prompt "ask a question of 1,000,000 characters"
      Then the assistant then says "declined"
      And the controller is told in a message of the role "other" that something was refused
      And nobody was asked

  Rule: inputText is the JSON text of exactly what is to be allowed, and inputHash its SHA-256

    @req:rpc.permission.input-text
    Scenario: An input with all that JSON can hold
      When the controller gives the prompt "ask with a strange input"
      Then the inputText of the request holds its tool and the very input of the assistant
      And the inputHash of the request is the SHA-256 of its inputText

  Rule: An answer with another inputHash is a "conflict" with the right one, and the request stays open

    @req:rpc.permission.hash-mismatch
    Scenario: The controller has shown another text
      Given the controller has given the prompt "ask"
      When the controller answers "allow" with the hash of another text
      Then the controller is answered with the error "conflict" and the right inputHash
      And "claude.getStatus" lists the request as pending to each of them
      When the controller answers "deny"
      Then the controller is answered that the request is "denied"
      And the assistant then says "denied"

  Rule: An option that the request does not have is "invalid-params"

    @req:rpc.permission.option
    Scenario: An option that nobody offered, and the name of one instead of its id
      Given the controller has given the prompt "ask"
      When the controller answers "perhaps"
      Then the controller is answered with the error "invalid-params"
      When the controller answers "Allow once"
      Then the controller is answered with the error "invalid-params"
      And "claude.getStatus" lists the request as pending to each of them

  Rule: The first answer counts, and later ones are a "conflict" with the resolution

    @req:rpc.permission.first-wins
    Scenario: Two controllers answer
      Given a second controller that is paired with it
      And the controller has given the prompt "ask"
      When the controller answers "deny"
      And the second controller answers "allow"
      Then the controller is answered that the request is "denied"
      And the second controller is answered with the error "conflict" and that the controller has "denied" it
      And the assistant then says "denied"

  Rule: An answer to a request that is not known is "not-found"

    @req:rpc.permission.unknown
    Scenario: Nobody has asked
      When the controller answers a request that there is not
      Then the controller is answered with the error "not-found"

  Rule: After expiresAt an answer is "expired"

    @req:rpc.permission.expired @req:rpc.permission.resolved @negative
    Scenario: Nobody answered in time
      Given an agent under test, whose permission requests expire
      And a controller that is paired with it
      And the controller has given the prompt "ask"
      When the time of the request is over
      Then "permission.resolved" tells the controller that "local" has "expired" it
      When the controller answers "allow"
      Then the controller is answered with the error "expired"
      And the assistant then says "cancelled"

  Rule: "permission.resolved" goes to every controller with "observe"

    @req:rpc.permission.resolved
    Scenario: A controller allows, allows for the conversation, and denies
      Given a second controller that may only "observe"
      And the controller has given the prompt "ask"
      When the controller answers "allow"
      Then "permission.resolved" tells both controllers that the controller has "allowed" it with "allow"
      And the assistant then says "allowed"
      Given the controller has given the prompt "ask"
      When the controller answers "always"
      Then "permission.resolved" tells both controllers that the controller has "allowed" it with "always"
      Given the controller has given the prompt "ask"
      When the controller answers "deny"
      Then "permission.resolved" tells both controllers that the controller has "denied" it with "deny"
      And the assistant then says "denied"

    @req:rpc.permission.resolved
    Scenario: The turn is cancelled
      Given a second controller that may only "observe"
      And the controller has given the prompt "ask"
      And the controller has been asked
      When the controller cancels the turn
      Then "permission.resolved" tells both controllers that the controller has "cancelled" it

    @req:rpc.permission.resolved
    Scenario: The assistant takes its question back, and dies while another waits
      When the controller gives the prompt "ask, and take it back"
      Then "permission.resolved" tells the controller that "local" has "cancelled" it
      When the controller gives the prompt "ask, and crash"
      Then "permission.resolved" tells the controller that "local" has "orphaned" it
      And the controller is told that the prompt is "failed"

  Rule: What is always allowed is allowed in this conversation

    @req:rpc.permission.always @negative
    Scenario: In the next conversation the assistant has to ask again
      Given the controller has given the prompt "ask"
      And the controller has answered "always"
      And the controller has given the prompt "crash", after which another conversation begins
      When the controller gives the prompt "ask"
      Then the controller has been asked
      And "claude.getStatus" lists the request as pending to each of them
