@agent
Feature: Conversations
  A person has several conversations with the assistant; one of them is open, for everybody.

  Background:
    Given an agent under test, with an assistant that takes up conversations
    And a controller that is paired with it

  Rule: Conversations are listed with the newest first, and the open one is told

    @req:rpc.conversation.list @req:rpc.conversation.title
    Scenario: None, one, and three of which the first is opened again
      Then "claude.listConversations" tells no conversation
      Given a conversation of the prompt "say hello" is open
      And another prompt "think, then say hello" was given in it
      Then "claude.listConversations" tells these conversations
        | title     | open |
        | say hello | yes  |
      Given a conversation of the prompt "say ten words" is open
      And a conversation of the prompt "use a tool" is open
      When the controller opens the conversation of "say hello" with "claude.openConversation"
      Then the controller is answered with the id of that conversation
      And "claude.listConversations" tells these conversations
        | title         | open |
        | use a tool    | no   |
        | say ten words | no   |
        | say hello     | yes  |

    @req:rpc.conversation.title
    Scenario: A prompt of many lines
      Given a conversation of a prompt of 200 characters on 5 lines is open
      Then its title is the beginning of that prompt, of at most 80 characters on one line

    @req:rpc.conversation.empty @negative
    Scenario: Two are opened, and no prompt is given
      Given a conversation of the prompt "say hello" is open
      When the controller opens a new conversation with "claude.openConversation"
      Then the controller is answered with the id of another conversation
      When the controller opens a new conversation with "claude.openConversation"
      Then the controller is answered with the id of another conversation
      And "claude.listConversations" tells these conversations
        | title     | open |
        |           | yes  |
        | say hello | no   |

  Rule: A long list comes in pages, each conversation once

    @req:rpc.conversation.page
    Scenario: One is opened again between two pages
      Given a conversation of the prompt "say hello" is open
      And a conversation of the prompt "say ten words" is open
      And a conversation of the prompt "use a tool" is open
      Then a page of 2 tells "use a tool" and "say ten words", and that there are more
      When the controller opens the conversation of "say hello" with "claude.openConversation"
      Then the controller is answered with the id of that conversation
      And the next page tells "say hello", and that there are no more

    @req:rpc.conversation.after
    Scenario: Behind a conversation that there is not
      When the controller lists what is behind a conversation that there is not with "claude.listConversations"
      Then the controller is answered with the error "not-found"

  Rule: A new conversation is one in which nothing was said, and the old one can be taken up again

    @req:rpc.conversation.new @req:rpc.conversation.where
    Scenario: Another conversation begins
      Given a conversation of the prompt "say the session" is open
      When the controller opens a new conversation with "claude.openConversation"
      Then the controller is answered with the id of another conversation
      And "claude.getStatus" tells that this conversation is open
      When the controller gives the prompt "say the session"
      Then the controller is told that the prompt is "completed"
      And the assistant said another session, in this conversation

    @req:rpc.conversation.open @req:rpc.conversation.where
    Scenario: The first conversation goes on
      Given a conversation of the prompt "say the session" is open
      And a conversation of the prompt "say hello" is open
      When the controller opens the conversation of "say the session" with "claude.openConversation"
      Then the controller is answered with the id of that conversation
      And "claude.getStatus" tells that this conversation is open
      When the controller gives the prompt "say the session"
      Then the controller is told that the prompt is "completed"
      And the assistant said the same session as before, in this conversation

    @req:rpc.conversation.where
    Scenario: What the assistant asks belongs to the conversation that is open
      Given a conversation of the prompt "say hello" is open
      When the controller opens a new conversation with "claude.openConversation"
      Then the controller is answered with the id of another conversation
      When the controller gives the prompt "ask"
      Then the controller has been asked
      And "permission.requested" and "claude.getStatus" tell this conversation

  Rule: What the assistant tells again of a conversation comes to nobody

    @req:rpc.conversation.replay @negative
    Scenario: An assistant that tells the whole conversation again
      Given a conversation of the prompt "say hello" is open
      And a conversation of the prompt "say ten words" is open
      When the controller opens the conversation of "say hello" with "claude.openConversation"
      Then the controller is answered with the id of that conversation
      When the controller gives the prompt "use a tool"
      Then the controller is told that the prompt is "completed"
      And no message says "told again"

    @req:rpc.conversation.replay @negative
    Scenario: An assistant that has ended, and takes up the open conversation
      Given a conversation of the prompt "say hello" is open
      When the controller gives the prompt "crash"
      Then the controller is told that the prompt is "failed"
      When the controller gives the prompt "use a tool"
      Then the controller is told that the prompt is "completed"
      And "claude.getStatus" tells that this conversation is open
      And no message says "told again"

  Rule: Everybody who may observe is told which conversation is open, before anything else of it

    @req:rpc.conversation.told @req:rpc.event.capability
    Scenario: One opens, and another one watches
      Given a second controller that may only "observe"
      And a conversation of the prompt "say hello" is open
      And a conversation of the prompt "say ten words" is open
      When the controller opens the conversation of "say hello" with "claude.openConversation"
      Then the controller is answered with the id of that conversation
      When the controller gives the prompt "use a tool"
      Then the controller is told that the prompt is "completed"
      And "claude.state" told both controllers each conversation before any other event of it

  Rule: Exactly one of "id" and "new" is needed

    @req:rpc.conversation.params
    Scenario: Both, and neither
      Given a conversation of the prompt "say hello" is open
      When the controller opens the conversation of "say hello" and a new one with "claude.openConversation"
      Then the controller is answered with the error "invalid-params"
      When the controller calls "claude.openConversation"
      Then the controller is answered with the error "invalid-params"

  Rule: What is not listed is "not-found", and a prompt for what is not open a "conflict"

    @req:rpc.conversation.unknown
    Scenario: A conversation that there is not
      Given a conversation of the prompt "say hello" is open
      When the controller gives the prompt "say hello" for the present conversation
      Then the controller is told that the prompt is "completed"
      When the controller opens a conversation that there is not with "claude.openConversation"
      Then the controller is answered with the error "not-found"
      When the controller gives the prompt "say hello" for another conversation
      Then the controller is answered with the error "not-found"
      And "claude.getStatus" tells that this conversation is open
      And the assistant has heard 2 prompts

    @req:rpc.conversation.closed
    Scenario: A conversation that is not open
      Given a conversation of the prompt "say hello" is open
      And a conversation of the prompt "say ten words" is open
      When the controller gives the prompt "say hello" for the conversation of "say hello"
      Then the controller is answered with the error "conflict", which names the one that is open
      And the assistant has heard 2 prompts

  Rule: No other conversation is opened while something runs or waits in this one

    @req:rpc.conversation.busy
    Scenario: A turn that runs, and one in which the assistant asks
      Given a conversation of the prompt "say hello" is open
      And the controller has given the prompt "wait"
      When the controller opens a new conversation with "claude.openConversation"
      Then the controller is answered with the error "busy"
      When the controller opens the conversation of "say hello" with "claude.openConversation"
      Then the controller is answered with the id of that conversation
      When the controller cancels the turn
      Then the controller is told that the prompt is "cancelled"
      Given the controller has given the prompt "ask"
      And the controller has been asked
      When the controller opens a new conversation with "claude.openConversation"
      Then the controller is answered with the error "busy"
      When the controller answers "allow"
      Then the controller is told that the prompt is "completed"
      And "claude.getStatus" tells that this conversation is open

    @req:rpc.conversation.order
    Scenario: A prompt right behind the opening
      Given a conversation of the prompt "say the session" is open
      When the controller opens a new conversation with "claude.openConversation", and gives the prompt "say the session" at once
      Then the controller is told that the prompt is "completed"
      And the assistant said another session, in the conversation that is open

  Rule: Where the assistant cannot take a conversation up nothing changes, and where it loses the open one another begins

    @req:rpc.conversation.unavailable
    Scenario: An assistant that forgets
      Given an agent under test, with an assistant
      And a controller that is paired with it
      And a conversation of the prompt "say hello" is open
      And a conversation of the prompt "say the session" is open
      When the controller opens the conversation of "say hello" with "claude.openConversation"
      Then the controller is answered with the error "assistant-unavailable"
      And "claude.getStatus" tells that this conversation is open
      When the controller gives the prompt "say the session"
      Then the controller is told that the prompt is "completed"
      And the assistant said the same session as before, in this conversation

    @req:rpc.conversation.unavailable
    Scenario: There is no assistant
      Given an agent under test, without an assistant
      And a controller that is paired with it
      When the controller opens a new conversation with "claude.openConversation"
      Then the controller is answered with the error "assistant-unavailable"

    @req:rpc.conversation.lost
    Scenario: An assistant that forgets ends, and is started again
      Given an agent under test, with an assistant
      And a controller that is paired with it
      And a conversation of the prompt "say the session" is open
      When the controller gives the prompt "crash"
      Then the controller is told that the prompt is "failed"
      When the controller gives the prompt "say the session"
      Then the controller is told that the prompt is "completed"
      And the assistant said another session, in the conversation that is open
      And "claude.listConversations" tells these conversations
        | title           | open |
        | say the session | yes  |
        | say the session | no   |

  Rule: The list outlives the program, and so does the open conversation

    @req:rpc.conversation.kept
    Scenario: An agent that was killed
      Given a conversation of the prompt "say hello" is open
      And a conversation of the prompt "say the session" is open
      When the agent is killed, and runs again
      Then "claude.getStatus" tells that this conversation is open
      And "claude.listConversations" tells these conversations
        | title           | open |
        | say the session | yes  |
        | say hello       | no   |
      When the controller gives the prompt "say the session"
      Then the controller is told that the prompt is "completed"
      And the assistant said the same session as before, in this conversation
