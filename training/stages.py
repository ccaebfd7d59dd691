"""What trainings of projectors share: the frozen text model's loss, steps from a checkpoint, processes that share a batch, Q8_0.

Arguments `a` have seed, save (steps from checkpoint to checkpoint) and work (the folder for them).
"""
import os, time
import numpy as np
import torch
import torch.distributed as dist
from torch.nn.functional import cross_entropy


class Teacher:
    """The text model with the system message and the opening of the user's evaluated once.  begun: how its answers begin anyway."""

    def __init__(self, m, system, begun=""):
        self.m, self.begun = m, begun
        ids = [m.start] + m.ids("system\n") + m.ids(system) + [m.end] + m.ids("\n") + [m.start] + m.ids("user\n")
        with torch.no_grad():
            self.before = m.run(m.embed(ids)[None])[1]

    def question(self, text):
        m = self.m
        return m.ids("\n") + m.ids(text) + [m.end] + m.ids("\n") + [m.start] + m.ids("assistant\n")

    def loss(self, rows, question, sentences):
        """Mean over the tokens of the sentences and their end."""
        m, asked = self.m, self.question(question)
        answers = [m.ids(s) + [m.end] for s in sentences]
        n = max(map(len, answers))
        ids = torch.tensor([a + [m.end] * (n - len(a)) for a in answers])
        x = torch.cat([rows, m.embed(asked).expand(len(rows), -1, -1), m.embed(ids[:, :-1])], 1)
        x = m.run(x, self.before)[0][:, -n:]
        there = torch.arange(n)[None] < torch.tensor([len(a) for a in answers])[:, None]
        return cross_entropy(m.logits(x[there]), ids[there])

    @torch.no_grad()
    def answer(self, rows, question, most=40):
        m = self.m
        asked = self.question(question) + m.ids(self.begun)
        x, state = m.run(torch.cat([rows, m.embed(asked).expand(len(rows), -1, -1)], 1), self.before)
        ids = m.logits(x[:, -1]).argmax(-1)
        answers = [[int(i)] for i in ids]
        while not all(m.end in a for a in answers) and len(answers[0]) < most:
            x, state = m.run(m.embed(ids)[:, None], state)
            ids = m.logits(x[:, -1]).argmax(-1)
            for a, i in zip(answers, ids):
                a.append(int(i))
        return [self.begun + m.text(a[:a.index(m.end)] if m.end in a else a) for a in answers]


def start(a):
    """One thread a process: python3 -m torch.distributed.run --nproc-per-node 2 ..."""
    torch.set_num_threads(1)
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
    torch.manual_seed(a.seed)
    os.makedirs(a.work, exist_ok=True)


def end():
    if dist.is_initialized():
        dist.destroy_process_group()


def rank():
    return dist.get_rank() if dist.is_initialized() else 0


def my_part(chosen):
    return chosen[rank()::dist.get_world_size()] if dist.is_initialized() else chosen


def average(parameters):
    """Gradients over the processes."""
    flat = torch.cat([p.grad.flatten() for p in parameters])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for p, g in zip(parameters, flat.split([p.numel() for p in parameters])):
        p.grad.copy_(g.view_as(p))


def stage(name, n_steps, lr, net, batches, loss, a):
    """One cycle of n_steps from the checkpoint of that name, if there is one; batches(i) gives the numbers of photographs."""
    path, began, first = os.path.join(a.work, f"{name}.pt"), time.time(), 0
    optimiser = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=1e-2, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, lr, total_steps=n_steps + 1, pct_start=0.1)
    before, total = 0.0, []
    if os.path.exists(path):
        c = torch.load(path)
        net.load_state_dict(c["net"])
        optimiser.load_state_dict(c["optimiser"])
        schedule.load_state_dict(c["schedule"])
        first, before = c["step"], c["seconds"]
    net.train()
    for step in range(first, n_steps):
        torch.manual_seed((a.seed * 1000003 + step) * 64 + rank())
        value = loss(my_part(batches(step)), step)
        optimiser.zero_grad()
        value.backward()
        if dist.is_initialized():
            average(list(net.parameters()))
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        total.append(value.item())
        if rank() == 0 and ((step + 1) % a.save == 0 or step + 1 == n_steps):
            seconds = before + time.time() - began
            print(f"{name} {step + 1}/{n_steps}: loss {np.mean(total):.3f}, {seconds:.0f} s", flush=True)
            total = []
            torch.save({"net": net.state_dict(), "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict(),
                        "step": step + 1, "seconds": seconds}, path + ".new")
            os.replace(path + ".new", path)
    net.eval()


def quantised(net):
    """As the file has it: matrices that are multiples of 32 wide in Q8_0."""
    return {name: p for name, p in net.named_parameters() if p.dim() == 2 and name.endswith(".weight") and p.shape[1] % 32 == 0}


@torch.no_grad()
def quantise(net):
    """What the file will hold, so that what is measured is what is shipped."""
    for p in quantised(net).values():
        b = p.view(-1, 32)
        d = (b.abs().amax(1, keepdim=True) / 127).half().float()
        b.copy_(d * torch.where(d > 0, (b / d).round(), 0).clip(-127, 127))
