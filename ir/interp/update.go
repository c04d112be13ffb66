package interp

import "math"

// scale gives the optional operand scale, the factor of the gradients.
func (c call) scale() float64 {
	if s := c.in("scale"); s != nil {
		return s.Data[0]
	}
	return 1
}

func gradNorm(c call, results []*Tensor) error {
	squares := 0.0
	for _, t := range c.operands {
		for _, x := range t.Data {
			squares += x * x
		}
	}
	norm := math.Sqrt(squares)
	results[0].Data[0] = norm
	results[1].Data[0] = math.Min(1, c.Float("max_norm")/(norm+1e-6))
	return nil
}

func sgd(c call, results []*Tensor) error {
	param, grad, lr, velocity := c.in("param").Data, c.in("grad").Data, c.in("lr").Data[0], c.in("velocity")
	momentum, decay, scale := c.Float("momentum"), c.Float("weight_decay"), c.scale()
	for i, p := range param {
		g := scale*grad[i] + decay*p
		step := g
		if velocity != nil {
			v := momentum*velocity.Data[i] + g
			results[1].Data[i] = v
			if step = v; c.Bool("nesterov") {
				step = g + momentum*v
			}
		}
		results[0].Data[i] = p - lr*step
	}
	return nil
}

func adamW(c call, results []*Tensor) error {
	param, grad, m, v := c.in("param").Data, c.in("grad").Data, c.in("m").Data, c.in("v").Data
	lr, t, scale := c.in("lr").Data[0], c.in("step").Data[0]+1, c.scale()
	beta1, beta2 := c.Float("beta1"), c.Float("beta2")
	size, root := lr/(1-math.Pow(beta1, t)), math.Sqrt(1-math.Pow(beta2, t))
	for i, p := range param {
		g := scale * grad[i]
		first := beta1*m[i] + (1-beta1)*g
		second := beta2*v[i] + (1-beta2)*g*g
		p -= lr * c.Float("weight_decay") * p
		results[0].Data[i] = p - size*first/(math.Sqrt(second)/root+c.Float("eps"))
		results[1].Data[i], results[2].Data[i] = first, second
	}
	return nil
}
