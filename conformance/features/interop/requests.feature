@interop
Feature: Requests and answers

  Rule: Each request has one answer

    @R
    Scenario: Requests at once
      Given the agent and the controller are paired
      When the controller sends 50 requests at once
      Then each is answered, and with its own answer

    @U
    Scenario: What one end does not know
      Given the agent and the controller are paired, with an assistant that sends an update of an unknown kind
      When the controller calls a method that nobody has
      Then it is refused with "unknown-method"
      And the controller is answered, though its params have an unknown member
      When the controller prompts "something new"
      Then the prompt is completed
      And the controller is answered

  Rule: What is too large for one message arrives whole

    @L
    Scenario: A prompt of nearly one mebibyte, there and back
      Given the agent and the controller are paired, with an assistant
      When the controller prompts with 1,048,000 bytes
      Then the prompt comes back to the controller whole
      And the prompt is completed

  Rule: A person decides what the assistant may do

    @A
    Scenario: One request is allowed and another is denied
      Given the agent and the controller are paired, with an assistant that asks for permission
      When the controller prompts "push it"
      And the controller is asked, and allows it
      Then the assistant says "It was allowed."
      When the controller prompts "push it"
      And the controller is asked, and denies it
      Then the assistant says "It was denied."

  Rule: A person says what the assistant wants to know

    @Q
    Scenario: A question is answered with a value
      Given the agent and the controller are paired, with an assistant that asks for a branch
      When the controller prompts "cut the release"
      And the controller is asked for a branch, and says "größer 🦊"
      Then the assistant says "größer 🦊"

  Rule: Two controllers see one conversation

    @M
    Scenario: The first answer counts, and both hear of it
      Given the agent and the controller are paired, with an assistant that asks for permission
      And a second controller is paired
      When the second controller prompts "push it"
      Then both controllers are asked
      When the second controller allows it
      And the controller denies it
      Then the controller is refused with "conflict"
      And both controllers are told that it was allowed
