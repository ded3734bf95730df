"""The states of the page on which a policy drives and a person takes over."""

from inbox.fake_play_server import Play, hello, status
from inbox.test_takeover_page import GAMEPAD
from studio.driving import (
    EARLIER,
    PATIENT,
    UNPLUGGED,
    TakeoverState,
    change_keys,
    drive,
    end,
    finish,
    four_numbers,
    hand_back,
    hold,
    of,
    only_press,
    open_dialog,
    pause,
    stall,
    stall_for_a_while,
    steer_with_a_stick,
    unplug,
    watch,
)

TAKEOVER = [
    TakeoverState(
        name="takeover-ready",
        title="Ready",
        sentence="The policy drives first; the card says how to take the controls.",
        play=lambda: Play(hello(**PATIENT)),
    ),
    TakeoverState(
        name="takeover-watch",
        title="Watching the policy",
        sentence=(
            "The blue frame says that the policy drives; its action is drawn on the"
            " stick, with how much it doubts."
        ),
        do=watch,
        dark=True,
        side=True,
    ),
    TakeoverState(
        name="takeover-drive",
        title="You drive",
        sentence=(
            "The orange frame says that a person drives and each step is recorded; the"
            " policy's action stands beside one's own."
        ),
        do=drive,
        dark=True,
        side=True,
    ),
    TakeoverState(
        name="takeover-hint",
        title="A key alone takes nothing",
        sentence=(
            "An action's key does nothing while the policy drives, and a hint says what"
            " would."
        ),
        do=only_press,
    ),
    TakeoverState(
        name="takeover-back",
        title="Handed back",
        sentence=(
            "The policy drives again; for a moment the last seconds of one's own"
            " driving can be taken back."
        ),
        do=hand_back,
    ),
    TakeoverState(
        name="takeover-paused",
        title="Paused",
        sentence="Nothing is recorded, and single steps are possible.",
        do=pause,
        dark=True,
        side=True,
    ),
    TakeoverState(
        name="takeover-stale",
        title="The picture is late",
        sentence=(
            "Without a new picture the keys are let go and the controls are locked at"
            " once."
        ),
        play=of(stale_after=1.0),
        do=stall,
    ),
    TakeoverState(
        name="takeover-late",
        title="Paused because the picture was late",
        sentence=(
            "When pictures come again, it stands still until somebody asks to go on."
        ),
        play=of(stale_after=1.0),
        do=stall_for_a_while,
    ),
    TakeoverState(
        name="takeover-lost",
        title="The link is lost",
        sentence=(
            "The controls are locked, and the page tries to reach the task again by"
            " itself."
        ),
        do=unplug,
        script=UNPLUGGED,
    ),
    TakeoverState(
        name="takeover-hold",
        title="Holding to drive",
        sentence=(
            "With --drive hold, or set so, one drives only as long as the key or the"
            " large button is held."
        ),
        play=of(drive="hold"),
        do=hold,
    ),
    TakeoverState(
        name="takeover-over",
        title="The episode is over",
        sentence="It can be kept, or the last seconds of driving taken back first.",
        do=end,
    ),
    TakeoverState(
        name="takeover-done",
        title="Done",
        sentence="All episodes are kept, and the page says where.",
        do=finish,
    ),
    TakeoverState(
        name="takeover-choices",
        title="Without sticks",
        sentence="Where actions are choices, keys and buttons take the sticks' place.",
        play=of("cart"),
        do=drive,
    ),
    TakeoverState(
        name="takeover-four",
        title="Four numbers",
        sentence="Four numbers are two sticks, one for each thumb.",
        play=four_numbers,
        do=drive,
    ),
    TakeoverState(
        name="takeover-gamepad",
        title="With a gamepad",
        sentence=(
            "A trigger takes the controls and the sticks steer; the line below names"
            " the gamepad."
        ),
        do=steer_with_a_stick,
        script=GAMEPAD,
    ),
    TakeoverState(
        name="takeover-watching",
        title="Another page has the controls",
        sentence="A second page looks on, and can take the controls with one click.",
        play=lambda: Play(hello(**PATIENT), role="watch"),
    ),
    TakeoverState(
        name="takeover-bars",
        title="Without a picture",
        sentence="What the agent observes takes the place of the picture.",
        play=lambda: Play(
            hello(**PATIENT), status(**EARLIER, no_picture="This task draws nothing.")
        ),
        do=watch,
    ),
    TakeoverState(
        name="takeover-help",
        title="Keys and help",
        sentence="The question mark lists every key and what it does.",
        do=open_dialog("help"),
    ),
    TakeoverState(
        name="takeover-settings",
        title="Settings",
        sentence=(
            "How the controls change hands, which hand steers, and why there is no"
            " gamepad."
        ),
        do=open_dialog("settings"),
    ),
    TakeoverState(
        name="takeover-keys",
        title="Keys of one's own",
        sentence=(
            "Every key can be moved; one that means something else already is refused"
            " with its meaning."
        ),
        do=change_keys,
    ),
]
